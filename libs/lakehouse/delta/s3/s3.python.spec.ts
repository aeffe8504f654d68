import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import { startS3, type TestS3 } from '#libs/testing/s3-server';
import { lakehouseConformance } from '../../conformance/lakehouse.conformance.ts';
import { rowsOf } from '../../conformance/rows.conformance.ts';
import type { Lakehouse } from '../../lakehouse.ts';
import { type DeltaS3Options, openDeltaLakehouse } from '../delta-lakehouse.ts';

let s3: TestS3;
let directory: string;
beforeAll(async () => {
  s3 = await startS3();
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-s3-'));
});
afterAll(async () => {
  await s3.stop();
  await rm(directory, { recursive: true });
});

function open(prefix = 'conformance', options: DeltaS3Options = {}): Promise<Lakehouse> {
  const logger = createLogger({ service: 'test', level: 'silent' });
  return openDeltaLakehouse({ root: `s3://${s3.bucket}/${prefix}`, logger, temporaryDirectory: directory, s3: { client: s3.client, ...options } });
}

lakehouseConformance('delta in a bucket', open);

describe('a lakehouse in a bucket', () => {
  const table = { schema: 's', name: 't' };
  const columns = [
    { name: 'id', type: 'integer' as const },
    { name: 'text', type: 'string' as const },
  ];
  const ids = async (lake: Lakehouse): Promise<unknown[]> => {
    const relation = await lake.relation(table);
    const rows = await rowsOf(await lake.query({ sql: `select id from ${relation.sql} r order by id` }));
    await relation.release();
    return rows.flat();
  };

  it('loses nothing when several write at once', async () => {
    const lakes = await Promise.all([1, 2, 3].map(() => open('several')));
    await lakes[0]?.ensureTable(table, { columns });
    await Promise.all(
      lakes.map(async (lake, writer) => {
        for (let n = 0; n < 5; n += 1) await lake.append(table, { rows: [{ id: writer * 10 + n }] });
      }),
    );
    for (const lake of lakes) {
      expect(await ids(lake)).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24]);
      await lake.close();
    }
  });

  it('keeps copies within bounds, and refuses a query whose files do not fit', async () => {
    const lake = await open('bounded', { cacheBytes: 3_000_000 });
    await lake.ensureTable(table, { columns });
    const text = (): string => randomBytes(700_000).toString('hex');
    for (const id of [1, 2]) await lake.append(table, { rows: [{ id, text: text() }] });
    const { version } = (await lake.describe(table)) ?? { version: 0n };
    expect(await ids(lake)).toEqual([1, 2]);
    for (const id of [3, 4, 5]) await lake.append(table, { rows: [{ id, text: text() }] });
    await expect(lake.relation(table)).rejects.toMatchObject({ kind: 'overloaded' });
    const relation = await lake.relation(table, { version });
    expect(relation.state.rows).toBe(2n);
    await relation.release();
    await lake.close();
    expect(await readdir(directory, { recursive: true }).then((names) => names.filter((name) => name.includes('bounded')))).toEqual([]);
  });

  it('takes a large file in parts', async () => {
    const lake = await open('large');
    await lake.ensureTable(table, { columns });
    const rows = Array.from({ length: 12 }, (_, id) => ({ id, text: randomBytes(1_000_000).toString('base64') }));
    await lake.append(table, { rows });
    const other = await open('large');
    expect(await ids(other)).toEqual(rows.map(({ id }) => id));
    expect((await other.describe(table))?.bytes ?? 0n).toBeGreaterThan(8_388_608n);
    await lake.close();
    await other.close();
  });

  it('says what is wrong with its settings', async () => {
    const lake = await openDeltaLakehouse({
      root: 's3://no-such-bucket/x',
      logger: createLogger({ service: 'test', level: 'silent' }),
      temporaryDirectory: directory,
      s3: { client: s3.client },
    });
    await expect(lake.ping()).rejects.toMatchObject({ kind: 'misconfigured' });
    await lake.close();
    await expect(openDeltaLakehouse({ root: 'gs://bucket/x', logger: createLogger({ service: 'test', level: 'silent' }) })).rejects.toMatchObject({
      kind: 'misconfigured',
    });
  });
});
