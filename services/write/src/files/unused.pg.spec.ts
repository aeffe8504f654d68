import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import pg from 'pg';
import type { FileValue } from '#contracts/http/files';
import { Failure } from '#libs/failure/failure';
import { createLogger } from '#libs/runtime/logger';
import { type FilesStand, openFiles } from '../testing/files-stand.ts';
import { governedDatabase } from '../testing/write-app.ts';
import { DiskStorage } from './storage/disk/disk-storage.ts';
import { UnusedFiles } from './unused-files.ts';

let stand: FilesStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openFiles(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner; grant usage, create on schema app to analyst`,
  );
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
  const body = { name: 'docs', columns: [{ name: 'doc', type: 'file' }] };
  expect((await stand.call('POST', '/v1/tables?schema=app', { body })).status).toBe(201);
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

const uploaded = async (): Promise<FileValue> => (await stand.upload('bytes')).body;
const place = async (doc: FileValue): Promise<number> => (await stand.call('POST', '/rest/v1/docs', { body: { doc } })).status;
/** As if it had been uploaded then. */
const ageHours = (id: string, hours: number): Promise<unknown> =>
  psql.query('update lakeloop.upload set created_at = clock_timestamp() - make_interval(hours => $2) where id = $1', [id, hours]);
const stateOf = async (id: string): Promise<string | undefined> =>
  (await psql.query<{ state: string }>('select state from lakeloop.upload where id = $1', [id])).rows[0]?.state;
const hasBytes = (id: string): Promise<boolean> =>
  access(join(stand.directory, id.slice(0, 2), id)).then(
    () => true,
    () => false,
  );
const gone = async (id: string): Promise<void> => {
  while ((await stateOf(id)) !== undefined || (await hasBytes(id)));
};

/** A collector whose turns are taken by hand. */
class ByHand extends UnusedFiles {
  turn(client: pg.PoolClient): Promise<void> {
    return this.work(client);
  }
}

async function collect(storage = new DiskStorage(stand.directory), connectionString = stand.database.writeUrl): Promise<void> {
  const pool = new pg.Pool({ connectionString, max: 1 });
  const client = await pool.connect();
  try {
    const logger = createLogger({ service: 'test', level: 'silent' });
    await new ByHand({ pool, storage, afterSeconds: 24 * 3_600, governed: () => true, logger }).turn(client);
  } finally {
    client.release();
    await pool.end();
  }
}

describe('an upload that nobody uses', () => {
  it('is collected by the service after its time, and not before; one that stood in a row never is', async () => {
    const [unused, young, used, cleared] = [await uploaded(), await uploaded(), await uploaded(), await uploaded()];
    expect([await place(used), await place(cleared)]).toEqual([201, 201]);
    expect((await stand.call('DELETE', `/rest/v1/docs?doc->>id=eq.${cleared.id}`)).status).toBe(204);
    await ageHours(young.id, 23);
    for (const { id } of [used, cleared, unused]) await ageHours(id, 25);
    await gone(unused.id);
    for (const { id } of [young, used, cleared]) expect([await stateOf(id), await hasBytes(id)]).toEqual(['stored', true]);
    expect(await place(unused)).toBe(400);
  });

  it('is collected where it was killed half-way too', async () => {
    const id = randomUUID();
    await psql.query(
      `insert into lakeloop.upload (id, name, type, actor, role, created_at) values ($1, 'x', 'text/plain', 'ann', 'analyst', now() - interval '25 hours')`,
      [id],
    );
    await gone(id);
  });

  it('is not taken from under a row that claims it, nor given to one that comes later', async () => {
    const [claimed, lost] = [await uploaded(), await uploaded()];
    const writer = await connected();
    await writer.query('begin');
    await writer.query('insert into app.docs (doc) values ($1)', [JSON.stringify(claimed)]);
    // The row that claims holds the record: its age is made by the one who claims.
    await writer.query(`update lakeloop.upload set created_at = clock_timestamp() - interval '25 hours' where id = $1`, [claimed.id]);
    await ageHours(lost.id, 25);
    await gone(lost.id);
    await writer.query('commit');
    await collect();
    expect([await stateOf(claimed.id), await hasBytes(claimed.id)]).toEqual(['stored', true]);
    await expect(writer.query('insert into app.docs (doc) values ($1)', [JSON.stringify(lost)])).rejects.toMatchObject({ code: '23514' });
    await writer.end();
  });

  it('keeps its mark, and its record, until its bytes are gone', async () => {
    class Broken extends DiskStorage {
      override remove(): Promise<void> {
        return Promise.reject(new Failure('dependency-unavailable', 'the storage is away'));
      }
    }
    // Where no service collects.
    const database = await governedDatabase();
    const id = randomUUID();
    await database.client.query(
      `insert into lakeloop.upload (id, state, name, type, size, sha256, actor, role, created_at) values ($1, 'stored', 'x', 'text/plain', 1, '', 'ann', 'analyst', now() - interval '25 hours')`,
      [id],
    );
    const storage = new DiskStorage(stand.directory);
    await storage.write(id, Readable.from(['x']));
    const state = async (): Promise<unknown> => (await database.client.query('select state from lakeloop.upload')).rows;
    await expect(collect(new Broken(stand.directory), database.writeUrl)).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    expect([await state(), await hasBytes(id)]).toEqual([[{ state: 'leaving' }], true]);
    await collect(storage, database.writeUrl);
    expect([await state(), await hasBytes(id)]).toEqual([[], false]);
    await database.drop();
  });
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: stand.database.url });
  await client.connect();
  return client;
}
