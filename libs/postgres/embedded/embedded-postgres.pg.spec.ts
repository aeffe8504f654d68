import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createLogger } from '#libs/runtime/logger';
import { binaryDirectory } from './binaries.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { unprivileged } from './unprivileged.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

async function query<Row extends pg.QueryResultRow>(server: EmbeddedPostgres, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded Postgres', () => {
  let directory: string;
  let dataDirectory: string;
  const running: EmbeddedPostgres[] = [];
  const start = async (): Promise<EmbeddedPostgres> => {
    const server = await EmbeddedPostgres.start({ dataDirectory, password: 'p', settings: { fsync: 'off' }, logger });
    running.push(server);
    return server;
  };

  beforeEach(async () => {
    // mkdtemp gives a directory that only its owner may enter: the case of root's checkout below /root.
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-embedded-'));
    dataDirectory = join(directory, 'data');
  });
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  });

  it('starts PostgreSQL 18 with logical decoding, and keeps its rows over a restart', async () => {
    const first = await start();
    const version = await query(first, `select current_setting('server_version_num')::int / 10000 as major, current_setting('wal_level') as wal_level`);
    expect(version).toEqual([{ major: 18, wal_level: 'logical' }]);
    await query(first, 'create table kept as select 1 as id');
    await first.stop();
    expect(await query(await start(), 'select * from kept')).toEqual([{ id: 1 }]);
  });

  it('takes over from a server whose starter was killed', async () => {
    const first = await start();
    await query(first, 'create table kept as select 1 as id');
    const { file, args } = unprivileged(join(binaryDirectory(), 'postgres'), ['-D', dataDirectory], [dataDirectory]);
    expect(first.pid).toBeGreaterThan(1);
    // A second start on the directory stops the orphan in order and serves the same rows.
    expect(await query(await start(), 'select * from kept')).toEqual([{ id: 1 }]);
    // While one runs, a bare postgres on the same directory refuses: the guard that this relies on.
    const rival = spawn(file, args, { stdio: 'ignore' });
    expect((await once(rival, 'exit'))[0]).not.toBe(0);
  });

  it('refuses a half-written directory and says what to do', async () => {
    await mkdir(dataDirectory);
    await writeFile(join(dataDirectory, 'PG_VERSION'), '18');
    await expect(start()).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringMatching(/half-written.*--reset/) });
  });
});
