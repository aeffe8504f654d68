import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { giveAway } from '#libs/postgres/embedded/unprivileged';
import { selfSigned } from '#libs/testing/certificate';
import { TestPostgres } from '#libs/testing/own-postgres';
import { CdcHarness } from '../testing/cdc-harness.ts';

let directory: string;
let server: TestPostgres;
let cdc: CdcHarness;
const PASSWORD = 'a password that nobody prints';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-tls-'));
  const { key, certificate } = selfSigned();
  await writeFile(file('server.key'), key, { mode: 0o600 });
  await giveAway(file('server.key'));
  await writeFile(file('ca.pem'), certificate);
  await writeFile(file('other.pem'), selfSigned().certificate);
  await giveAway(file('ca.pem'));
  server = await TestPostgres.start({ ssl: 'on', ssl_cert_file: file('ca.pem'), ssl_key_file: file('server.key') });
  const { client, drop } = await server.database();
  await client.query(`create table t (id int primary key); insert into t values (1); create role capture superuser login password '${PASSWORD}'`);
  await drop();
});
afterEach(() => cdc.close());
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const file = (name: string): string => join(directory, name);

async function url(host: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  cdc = await CdcHarness.on(server);
  const url = new URL(cdc.database.urlAs('capture', PASSWORD));
  url.hostname = host;
  url.search = new URLSearchParams(parameters).toString();
  return url.toString();
}

describe('a server with TLS', () => {
  it.each(['verify-full', 'require'])(
    'is captured over TLS alone, the replication connection and the creation of the slot included: sslmode=%s',
    async (sslmode) => {
      const DATABASE_URL = await url('127.0.0.1', { sslmode, sslrootcert: file('ca.pem') });
      const service = await cdc.streaming({ DATABASE_URL, CDC_SNAPSHOT: 'initial' });
      await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
      const { rows } = await cdc.database.client.query<{ name: string; ssl: boolean }>(
        `select distinct application_name as name, ssl from pg_stat_activity join pg_stat_ssl using (pid) where application_name like 'lakeloop-cdc%'`,
      );
      expect(rows.map(({ ssl }) => ssl)).not.toContain(false);
      const names = rows.map(({ name }) => name.replace(/-leader-.*/, '-leader'));
      expect(names).toEqual(expect.arrayContaining(['lakeloop-cdc', 'lakeloop-cdc-catalogue', 'lakeloop-cdc-leader']));
      expect(service.logged.join('')).not.toContain(encodeURIComponent(PASSWORD));
      await service.end();
      await cdc.sql(`select pg_drop_replication_slot('${cdc.slot}')`);
    },
  );

  it.each([
    ['signed by somebody else', 'verify-full', '127.0.0.1', 'other.pem', /certificate.*sslrootcert=<file>/],
    ['signed by somebody else, though only TLS was asked for', 'require', '127.0.0.1', 'other.pem', /certificate.*sslrootcert=<file>/],
  ])('is refused, and told how to put it right, when it is %s', async (_title, sslmode, host, ca, message) => {
    const DATABASE_URL = await url(host, { sslmode, sslrootcert: file(ca) });
    const service = cdc.run({ DATABASE_URL });
    await service.reaches('connecting', message);
    expect(await service.runtime.health.report()).toMatchObject({ ready: false });
    const said = service.logged.join('');
    expect(said).toMatch(message);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(said).not.toContain(secret);
  });
});
