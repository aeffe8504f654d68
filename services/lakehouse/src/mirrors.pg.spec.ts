import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { LakeTable } from '#libs/lakehouse/lakehouse';
import { arm } from '#libs/runtime/failpoints';
import { mirrorHarness, silentLogger, type MirrorHarness } from './testing/mirror-harness.ts';
import { Mirrors } from './mirror/mirrors.ts';

const columns: LakeColumn[] = [
  { name: 'id', type: 'long' },
  { name: 'name', type: 'string' },
];

describe('a mirror', () => {
  let harness: MirrorHarness;
  beforeAll(async () => {
    harness = await mirrorHarness();
  });
  afterAll(() => harness?.stop());

  const table = async (name: string, ...ids: number[]): Promise<LakeTable> => {
    const made = { schema: 'lake', name };
    await harness.lakehouse.ensureTable(made, { columns });
    if (ids.length > 0) await harness.lakehouse.append(made, { rows: ids.map((id) => ({ id, name: `n${id}` })) });
    return made;
  };
  const read = async (name: string): Promise<string[]> =>
    (await harness.rows(`select format('%s:%s', id, coalesce(name, 'null')) as row from app."${name}" order by id`)).map(({ row }) => String(row));

  it('has every row of its source, in the types of its columns', async () => {
    const source = { schema: 'lake', name: 'every type' };
    const types: LakeColumn[] = [
      { name: 'id', type: 'integer' },
      { name: 'Big', type: 'long' },
      { name: 'money', type: { decimal: { precision: 12, scale: 2 } } },
      { name: 'ratio', type: 'double' },
      { name: 'yes', type: 'boolean' },
      { name: 'bytes', type: 'binary' },
      { name: 'day', type: 'date' },
      { name: 'at', type: 'timestamp' },
      { name: 'local', type: 'timestamp_ntz' },
      { name: 'say "so"', type: 'string' },
    ];
    await harness.lakehouse.ensureTable(source, { columns: types });
    const full = { id: 1, Big: 9_007_199_254_740_993n, money: '12.50', ratio: Number.NaN, yes: true, bytes: Buffer.from([0, 255]), day: '2026-01-31' };
    const rest = { at: '2026-01-31T08:00:00.123456Z', local: '2026-01-31T08:00:00.5', 'say "so"': `{"a",\\b}'` };
    await harness.lakehouse.append(source, { rows: [{ ...full, ...rest }, { id: 2 }] });
    const id = await harness.mirror(source, { mode: 'snapshot' });
    expect(await harness.mirrors.refresh(id)).toMatchObject({ state: 'current', version: '1', lakeVersion: '1', versionsBehind: '0', rows: '2' });
    await harness.database.client.query(`set timezone = 'UTC'`);
    expect((await harness.rows(`select to_jsonb(t) - 'ratio' as row, ratio::text from app."every type" t order by id`)).at(0)).toEqual({
      row: {
        id: 1,
        Big: 9_007_199_254_740_992,
        money: 12.5,
        yes: true,
        bytes: '\\x00ff',
        day: '2026-01-31',
        at: '2026-01-31T08:00:00.123456+00:00',
        local: '2026-01-31T08:00:00.5',
        'say "so"': `{"a",\\b}'`,
      },
      ratio: 'NaN',
    });
    expect(
      await harness.rows(`select "Big"::text, (select count(*) from app."every type" where "Big" is null)::int as empty from app."every type" where id = 1`),
    ).toEqual([{ Big: '9007199254740993', empty: 1 }]);
    expect(
      await harness.rows(
        `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'app."every type"'::regclass and attname = 'money'`,
      ),
    ).toEqual([{ type: 'numeric(12,2)' }]);
  });

  for (const mode of ['snapshot', 'incremental'] as const) {
    it(`equals its source after inserts, updates, deletes, replacements and compactions in any order (${mode})`, async () => {
      const change = fc.oneof(
        fc.record({
          kind: fc.constant('upsert' as const),
          ids: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1 }),
          name: fc.string({ maxLength: 3 }),
        }),
        fc.record({ kind: fc.constant('delete' as const), ids: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1 }) }),
        fc.record({ kind: fc.constant('replace' as const), ids: fc.uniqueArray(fc.integer({ min: 0, max: 9 })) }),
        fc.record({ kind: fc.constant('compact' as const) }),
        fc.record({ kind: fc.constant('refresh' as const) }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
          const source = await table(`${mode}${(run += 1)}`, 1, 2, 3);
          const id = await harness.mirror(source, { mode });
          const expected = new Map([1, 2, 3].map((each) => [each, `n${each}`]));
          for (const each of [...changes, { kind: 'refresh' as const }]) {
            switch (each.kind) {
              case 'upsert':
                await harness.lakehouse.merge(source, { rows: each.ids.map((key) => ({ id: key, name: each.name })) }, { key: ['id'] });
                for (const key of each.ids) expected.set(key, each.name);
                break;
              case 'delete':
                await harness.lakehouse.merge(source, { rows: each.ids.map((key) => ({ id: key, name: '', gone: true })) }, { key: ['id'], deleted: 'gone' });
                for (const key of each.ids) expected.delete(key);
                break;
              case 'replace':
                await harness.lakehouse.replace(source, { rows: each.ids.map((key) => ({ id: key, name: 'r' })) });
                expected.clear();
                for (const key of each.ids) expected.set(key, 'r');
                break;
              case 'compact':
                await harness.lakehouse.compact(source);
                break;
              case 'refresh': {
                const report = await harness.mirrors.refresh(id);
                expect(report).toMatchObject({ versionsBehind: '0', rows: String(expected.size) });
                expect(await read(source.name)).toEqual([...expected].sort(([a], [b]) => a - b).map(([key, name]) => `${key}:${name}`));
              }
            }
          }
        }),
        { numRuns: 12 },
      );
    }, 60_000);
  }

  it('changes only the rows that differ, so that its own events are real changes', async () => {
    for (const mode of ['snapshot', 'incremental'] as const) {
      const source = await table(`real_${mode}`, 1, 2, 3);
      const id = await harness.mirror(source, { mode });
      await harness.mirrors.refresh(id);
      await harness.database.client.query(`select lakeloop.adopt('app.real_${mode}')`);
      await harness.lakehouse.merge(source, { rows: [{ id: 2, name: 'two' }] }, { key: ['id'] });
      await harness.lakehouse.merge(source, { rows: [{ id: 3, name: 'n3', gone: true }] }, { key: ['id'], deleted: 'gone' });
      await harness.lakehouse.append(source, { rows: [{ id: 4, name: 'four' }] });
      await harness.lakehouse.compact(source);
      await harness.mirrors.refresh(id);
      expect(await harness.rows(`select operation, (key->>'id')::int as id from audit.entry where table_name = 'real_${mode}' order by 2`)).toEqual([
        { operation: 'update', id: 2 },
        { operation: 'delete', id: 3 },
        { operation: 'insert', id: 4 },
      ]);
    }
  });

  it('keeps the rows and the version it has when it dies before they are in, and repeats nothing', async () => {
    const source = await table('crash', 1, 2);
    const id = await harness.mirror(source);
    await harness.mirrors.refresh(id);
    await harness.lakehouse.merge(
      source,
      {
        rows: [
          { id: 2, name: 'two' },
          { id: 3, name: 'three' },
        ],
      },
      { key: ['id'] },
    );
    const disarm = arm('mirror.before-apply', async () => {
      await harness.database.client.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = ${id} and database = (select oid from pg_database where datname = current_database())`,
      );
    });
    await expect(harness.mirrors.refresh(id)).rejects.toThrow();
    disarm();
    expect(await read('crash')).toEqual(['1:n1', '2:n2']);
    const report = (await harness.mirrors.list()).find((each) => each.id === id);
    expect(report).toMatchObject({ state: 'failed', version: '1', lakeVersion: '2', versionsBehind: '1', rows: '2' });
    expect(await harness.mirrors.refresh(id)).toMatchObject({ state: 'current', error: null, version: '2', rows: '3' });
    expect(await read('crash')).toEqual(['1:n1', '2:two', '3:three']);
  });

  it('is read anew where the version it has is gone, or its source was dropped and made again', async () => {
    const source = await table('gone', 1, 2);
    const id = await harness.mirror(source);
    await harness.mirrors.refresh(id);
    await harness.lakehouse.drop(source);
    await table('gone', 7);
    expect(await harness.mirrors.refresh(id)).toMatchObject({ version: '1', rows: '1' });
    expect(await read('gone')).toEqual(['7:n7']);
    await harness.lakehouse.replace(source, { rows: [{ id: 8, name: 'n8' }] });
    await harness.lakehouse.vacuum(source, { retentionHours: 0 });
    expect(await harness.mirrors.refresh(id)).toMatchObject({ version: '2', rows: '1' });
    expect(await read('gone')).toEqual(['8:n8']);
  });

  it('gains the columns that its source gains; without an administrator it says so and keeps what it has', async () => {
    const source = await table('grown', 1);
    const id = await harness.mirror(source);
    await harness.mirrors.refresh(id);
    const evolve = { columns: [{ name: 'more', type: 'string' as const }] };
    await harness.lakehouse.append(source, { rows: [{ id: 2, name: 'n2', more: 'x' }] }, { evolve });
    const alone = new Mirrors({ lakehouse: harness.lakehouse, pool: harness.pool, admin: null, logger: silentLogger });
    await expect(alone.refresh(id)).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringMatching(/more.*ADMIN_DATABASE_URL/) });
    expect(await read('grown')).toEqual(['1:n1']);
    await harness.mirrors.refresh(id);
    expect(await harness.rows('select id::int, more from app.grown order by id')).toEqual([
      { id: 1, more: null },
      { id: 2, more: 'x' },
    ]);
  });

  it('refuses a key that is none, and keeps what it has', async () => {
    const source = await table('doubled', 1, 2);
    const id = await harness.mirror(source);
    await harness.mirrors.refresh(id);
    await harness.lakehouse.append(source, { rows: [{ id: 2, name: 'again' }] });
    await expect(harness.mirrors.refresh(id)).rejects.toMatchObject({
      kind: 'invalid-input',
      message: expect.stringContaining('id is no key of lake.doubled'),
    });
    expect(await read('doubled')).toEqual(['1:n1', '2:n2']);
    expect((await harness.mirrors.list()).find((each) => each.id === id)).toMatchObject({ state: 'failed', error: expect.stringContaining('no key') });
  });

  it('is read by whom policy lets, joined with their own tables, and written by nobody, whatever is granted', async () => {
    const source = await table('read_only', 1, 2);
    const id = await harness.mirror(source);
    await harness.mirrors.refresh(id);
    const app = new pg.Client({ connectionString: harness.database.urlAs('lakeloop_write', 'test') });
    await app.connect();
    try {
      await app.query('set role analyst');
      await expect(app.query('select * from app.read_only')).rejects.toMatchObject({ code: '42501' });
      await harness.database.client.query(`create table app.own (id bigint primary key, note text); insert into app.own values (1, 'a'), (2, 'b')`);
      const read = { columns: '*' } as const;
      const some = { ...read, rows: { op: 'gt', column: 'id', value: { literal: '1' } } } as const;
      await applyPolicy(harness.database.url, { roles: { analyst: { 'app.own': { select: read }, 'app.read_only': { select: some } } } });
      expect((await app.query('select note, name from app.own join app.read_only using (id)')).rows).toEqual([{ note: 'b', name: 'n2' }]);
      // Row security does not blind the writer.
      await harness.lakehouse.merge(
        source,
        {
          rows: [
            { id: 1, name: 'one' },
            { id: 2, name: 'n2', gone: true },
          ],
        },
        { key: ['id'], deleted: 'gone' },
      );
      await harness.mirrors.refresh(id);
      await applyPolicy(harness.database.url, { roles: { analyst: { 'app.own': { select: read }, 'app.read_only': { select: read } } } });
      await harness.database.client.query('grant insert, update, delete, truncate on app.read_only to analyst');
      expect((await app.query('select note, name from app.own join app.read_only using (id)')).rows).toEqual([{ note: 'a', name: 'one' }]);
      for (const sql of ['insert into app.read_only values (9)', 'update app.read_only set name = null', 'delete from app.read_only', 'truncate app.read_only'])
        await expect(app.query(sql)).rejects.toMatchObject({ code: '42501', message: expect.stringContaining('mirrors a table of the lakehouse') });
    } finally {
      await app.end();
    }
    await expect(harness.pool.query('create table app.mine ()')).rejects.toMatchObject({ code: '42501' });
    await expect(harness.pool.query('select * from app.own')).rejects.toMatchObject({ code: '42501' });
    await expect(harness.pool.query('delete from lakeloop.mirror')).rejects.toMatchObject({ code: '42501' });
  });

  it('is refreshed by one instance at a time', async () => {
    const id = await harness.mirror(await table('alone', 1));
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const disarm = arm('mirror.before-apply', () => (reached.resolve(), go.promise));
    const first = harness.mirrors.refresh(id);
    await reached.promise;
    await expect(harness.mirrors.refresh(id)).rejects.toMatchObject({ kind: 'conflict' });
    await expect(harness.mirrors.remove(id)).rejects.toMatchObject({ kind: 'conflict' });
    disarm();
    go.resolve();
    await expect(first).resolves.toMatchObject({ rows: '1' });
    expect(await harness.mirrors.remove(id)).toBe(true);
    expect(await harness.rows(`select to_regclass('app.alone') as there`)).toEqual([{ there: null }]);
  });

  it('follows by itself', async () => {
    const source = await table('follows', 1);
    const id = await harness.mirror(source, { everyMs: 1_000 });
    await harness.mirrors.run();
    const until = async (rows: string): Promise<void> => {
      for (let now = ''; now !== rows;) now = (await harness.mirrors.list()).find((each) => each.id === id)?.rows ?? '';
    };
    await until('1');
    await harness.lakehouse.append(source, { rows: [{ id: 2, name: 'n2' }] });
    await until('2');
  });
});
