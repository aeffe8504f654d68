import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Lakehouse, LakeTable } from '../lakehouse.ts';
import { describeChanges } from './changes.conformance.ts';
import { ENDLESS, QUOTED, rowsOf } from './rows.conformance.ts';
import { describeValues } from './values.conformance.ts';

/** What every adapter must do. `open` gives a lakehouse of its own, closed by the suite. */
export function lakehouseConformance(name: string, open: () => Promise<Lakehouse>): void {
  describe(`${name}: the lakehouse port`, () => {
    let lake: Lakehouse;
    let table: LakeTable;
    let directory: string;
    const columns: LakeColumn[] = [
      { name: 'id', type: 'long', nullable: false },
      { name: 'label', type: 'string' },
    ];
    beforeAll(async () => {
      lake = await open();
      directory = await mkdtemp(join(tmpdir(), 'lakeloop-conformance-'));
    });
    afterAll(async () => {
      await lake.close();
      await rm(directory, { recursive: true });
    });
    beforeEach(() => {
      table = { schema: 'conformance', name: `t_${randomUUID().replaceAll('-', '')}` };
    });

    const all = async (order = 'id', at?: { version: bigint }): Promise<LakeValue[][]> => {
      const relation = await lake.relation(table, at);
      try {
        return await rowsOf(await lake.query({ sql: `select * from ${relation.sql} r order by ${order}` }));
      } finally {
        await relation.release();
      }
    };

    describe('a table', () => {
      it('is made once, is listed, and is gone when dropped', async () => {
        expect(await lake.describe(table)).toBeUndefined();
        const made = await lake.ensureTable(table, { columns });
        expect(made).toMatchObject({
          version: 0n,
          columns: [
            { name: 'id', type: 'long', nullable: false },
            { name: 'label', type: 'string' },
          ],
          partitionBy: [],
        });
        expect((await lake.ensureTable(table, { columns })).version).toBe(0n);
        expect(await lake.tables('conformance')).toContainEqual(table);
        await lake.drop(table);
        expect(await lake.describe(table)).toBeUndefined();
        expect(await lake.tables('conformance')).not.toContainEqual(table);
      });

      it('may be dropped and made anew with other columns', async () => {
        await lake.ensureTable(table, { columns });
        await lake.append(table, { rows: [{ id: 1n, label: 'old' }] });
        await lake.drop(table);
        await lake.ensureTable(table, { columns: [{ name: 'other', type: 'double' }] });
        expect(await all('other')).toEqual([]);
      });

      it('has names and columns with any characters', async () => {
        const odd = ['a b', 'quo"te', "apo'strophe", 'dot.ted', 'Ünïcödé 漢', 'semi;colon', '100%', 'back\\slash'];
        table = { schema: 'conformance', name: `odd "name'. ${randomUUID()}` };
        await lake.ensureTable(table, { columns: odd.map((column) => ({ name: column, type: 'string' })) });
        await lake.append(table, { rows: [Object.fromEntries(odd.map((column) => [column, `value of ${column}`]))] });
        expect(await all('1')).toEqual([odd.map((column) => `value of ${column}`)]);
        expect(await lake.tables('conformance')).toContainEqual(table);
        await lake.drop(table);
      });

      it('is refused when it lacks a column that is wanted', async () => {
        await lake.ensureTable(table, { columns });
        await expect(lake.ensureTable(table, { columns: [...columns, { name: 'more', type: 'string' }] })).rejects.toMatchObject({ kind: 'misconfigured' });
      });
    });

    describeValues(() => ({ lake, table, directory }), all);

    describe('a write', () => {
      beforeEach(() => lake.ensureTable(table, { columns }));

      it('makes one version, which can be read for as long as it is kept', async () => {
        const first = await lake.append(table, { rows: [{ id: 1n, label: 'one' }] });
        const second = await lake.append(table, { rows: [{ id: 2n, label: 'two' }] });
        expect(second.version).toBe(first.version + 1n);
        expect(await all('id', { version: first.version })).toEqual([[1n, 'one']]);
        expect(await all()).toHaveLength(2);
        await expect(lake.describe(table, { version: 99n })).rejects.toMatchObject({ kind: 'position-lost' });
      });

      it('is found by time', async () => {
        const { version } = await lake.append(table, { rows: [{ id: 1n }] });
        const at = (await lake.describe(table, { version }))?.committedAtMs ?? 0;
        await lake.append(table, { rows: [{ id: 2n }] });
        expect((await lake.describe(table, { timeMs: at }))?.version).toBe(version);
        await expect(lake.describe(table, { timeMs: 0 })).rejects.toMatchObject({ kind: 'position-lost' });
      });

      it('with an application transaction is applied once', async () => {
        const txn = { appId: 'topic-0', version: 2n ** 60n };
        expect(await lake.lastTransaction(table, 'topic-0')).toBeUndefined();
        expect(await lake.append(table, { rows: [{ id: 1n }] }, { txn })).toMatchObject({ applied: true });
        expect(await lake.append(table, { rows: [{ id: 1n }] }, { txn })).toMatchObject({ applied: false });
        expect(await lake.append(table, { rows: [{ id: 9n }] }, { txn: { ...txn, version: txn.version - 1n } })).toMatchObject({ applied: false });
        expect(await lake.append(table, { rows: [{ id: 2n }] }, { txn: { appId: 'topic-1', version: 1n, after: null } })).toMatchObject({ applied: true });
        for (const after of [null, 0n, 2n])
          await expect(lake.append(table, { rows: [{ id: 8n }] }, { txn: { appId: 'topic-1', version: 5n, after } })).rejects.toMatchObject({
            kind: 'conflict',
          });
        expect(await lake.append(table, { rows: [] }, { txn: { appId: 'topic-1', version: 3n, after: 1n } })).toMatchObject({ applied: true });
        expect(await all()).toEqual([
          [1n, null],
          [2n, null],
        ]);
        expect(await lake.lastTransaction(table, 'topic-0')).toBe(2n ** 60n);
      });

      it('beside others loses nothing of theirs', async () => {
        await Promise.all(Array.from({ length: 8 }, (_, n) => lake.append(table, { rows: [{ id: BigInt(n) }] })));
        await Promise.all([
          lake.merge(table, { rows: [{ id: 0n, label: 'merged' }] }, { key: ['id'] }),
          lake.append(table, { rows: [{ id: 100n }] }),
          lake.compact(table),
          lake.merge(table, { rows: [{ id: 1n, label: 'merged too' }] }, { key: ['id'] }),
        ]);
        expect(await all()).toEqual([[0n, 'merged'], [1n, 'merged too'], ...[2n, 3n, 4n, 5n, 6n, 7n, 100n].map((id) => [id, null])]);
      });

      it('of the same application transaction, twice at once, is applied once', async () => {
        const txn = { appId: 'twins', version: 1n };
        const results = await Promise.all([1, 2, 3].map(() => lake.append(table, { rows: [{ id: 1n }] }, { txn })));
        expect(results.map(({ applied }) => applied).toSorted()).toEqual([false, false, true]);
        expect(await all()).toHaveLength(1);
      });

      it('is told of in the history, newest first, with its note', async () => {
        await lake.append(table, { rows: [{ id: 1n }] }, { note: { run: 'r1' } });
        await lake.replace(table, { rows: [] });
        const versions = await lake.history(table, 2);
        expect(versions).toHaveLength(2);
        expect(versions[1]).toMatchObject({ note: { run: 'r1' } });
        expect((versions[0]?.version ?? 0n) > (versions[1]?.version ?? 0n)).toBe(true);
      });

      it('of no rows, from objects, files or a query, is a version without rows', async () => {
        await lake.append(table, { rows: [] });
        await lake.append(table, { ndjson: [] });
        await lake.append(table, { select: { sql: 'select 1 as id where false' } });
        expect(await all()).toEqual([]);
      });

      it('takes what a query yields', async () => {
        await lake.append(table, { select: { sql: 'select :n as id, :text as label', parameters: { n: 7, text: "it's" } } });
        expect(await all()).toEqual([[7n, "it's"]]);
      });
    });

    describe('replace and merge', () => {
      const parted: LakeColumn[] = [
        { name: 'id', type: 'long' },
        { name: 'period', type: 'string' },
        { name: 'amount', type: { decimal: { precision: 12, scale: 2 } } },
      ];
      beforeEach(async () => {
        await lake.ensureTable(table, { columns: parted, partitionBy: ['period'] });
        await lake.append(table, {
          rows: [
            { id: 1n, period: '2026-01', amount: '1.00' },
            { id: 2n, period: '2026-02', amount: '2.00' },
            { id: 3n, period: 'a/b=c %', amount: '3.00' },
            { id: 4n, period: null, amount: '4.00' },
          ],
        });
      });

      it('read back partition values of any text', async () => {
        expect(await all()).toEqual([
          [1n, '2026-01', '1.00'],
          [2n, '2026-02', '2.00'],
          [3n, 'a/b=c %', '3.00'],
          [4n, null, '4.00'],
        ]);
        expect(await lake.describe(table)).toMatchObject({ partitionBy: ['period'] });
      });

      it('replace everything, or one partition, and refuse rows that belong elsewhere', async () => {
        await lake.replace(table, { rows: [{ id: 20n, period: '2026-02', amount: '5.55' }] }, { where: { period: '2026-02' } });
        expect((await all()).map(([id]) => id)).toEqual([1n, 3n, 4n, 20n]);
        await expect(lake.replace(table, { rows: [{ id: 21n, period: '2026-03' }] }, { where: { period: '2026-02' } })).rejects.toMatchObject({
          kind: 'invalid-input',
        });
        await lake.replace(table, { rows: [{ id: 9n, period: 'x' }] });
        expect(await all()).toEqual([[9n, 'x', null]]);
      });

      it('upsert by key, remove what is marked, and leave the rest', async () => {
        const rows: Record<string, LakeValue>[] = [
          { id: 1n, period: '2026-01', amount: '1.11', gone: false },
          { id: 2n, period: null, amount: null, gone: true },
          { id: 5n, period: '2026-01', amount: '5.00', gone: null },
          { id: 6n, gone: true },
        ];
        expect(await lake.merge(table, { rows }, { key: ['id'], deleted: 'gone' })).toMatchObject({ applied: true });
        expect(await all()).toEqual([
          [1n, '2026-01', '1.11'],
          [3n, 'a/b=c %', '3.00'],
          [4n, null, '4.00'],
          [5n, '2026-01', '5.00'],
        ]);
      });

      it('match null keys, and refuse a key that comes twice', async () => {
        await lake.merge(table, { rows: [{ id: 4n, period: null, amount: '4.44' }] }, { key: ['id', 'period'] });
        expect((await all()).at(-1)).toEqual([4n, null, '4.44']);
        await expect(lake.merge(table, { rows: [{ id: 1n }, { id: 1n }] }, { key: ['id'] })).rejects.toMatchObject({ kind: 'invalid-input' });
      });
    });

    describeChanges(() => ({ lake, table }));

    describe('a schema', () => {
      it('grows with what is written, and old rows have null there', async () => {
        await lake.ensureTable(table, { columns });
        const { version } = await lake.append(table, { rows: [{ id: 1n, label: 'a' }] });
        await lake.append(table, { rows: [{ id: 2n, label: 'b', note: 'new' }] }, { evolve: { columns: [{ name: 'note', type: 'string' }] } });
        expect(await all()).toEqual([
          [1n, 'a', null],
          [2n, 'b', 'new'],
        ]);
        expect(await all('id', { version })).toEqual([[1n, 'a']]);
      });

      it('widens, keeping every value, and refuses what would not', async () => {
        await lake.ensureTable(table, {
          columns: [
            { name: 'id', type: 'integer' },
            { name: 'amount', type: { decimal: { precision: 5, scale: 2 } } },
          ],
        });
        await lake.append(table, { rows: [{ id: 1, amount: '123.45' }] });
        const wider: LakeColumn[] = [
          { name: 'id', type: 'long' },
          { name: 'amount', type: { decimal: { precision: 20, scale: 4 } } },
        ];
        expect((await lake.ensureTable(table, { columns: wider }, { evolve: true })).columns.map(({ type }) => type)).toEqual(wider.map(({ type }) => type));
        await lake.append(table, { rows: [{ id: 2n ** 40n, amount: '1234567890.1234' }] });
        expect(await all()).toEqual([
          [1n, '123.4500'],
          [2n ** 40n, '1234567890.1234'],
        ]);
        await expect(lake.ensureTable(table, { columns: [{ name: 'id', type: 'string' }] }, { evolve: true })).rejects.toMatchObject({ kind: 'misconfigured' });
      });
    });

    describe('a query', () => {
      it('binds its parameters and never pastes them', async () => {
        const text = '\'; drop table x; -- :n "';
        const result = await lake.query({ sql: `select :text as t, :n as n, ':n' as literal, cast(:n as varchar(10)) as c`, parameters: { text, n: 5 } });
        expect(await rowsOf(result)).toEqual([[text, 5n, ':n', '5']]);
      });

      it('names and types its columns', async () => {
        const { columns: found } = await lake.query({
          sql: `select cast(1 as bigint) as ${QUOTED[lake.dialect]('a b')}, cast('x' as string) as s, cast(1.5 as decimal(10,2)) as d`,
        });
        expect(found).toEqual([
          { name: 'a b', type: 'long' },
          { name: 's', type: 'string' },
          { name: 'd', type: { decimal: { precision: 10, scale: 2 } } },
        ]);
      });

      it('reads one version while others write and clean up', async () => {
        await lake.ensureTable(table, { columns });
        await lake.append(table, { rows: [{ id: 1n }] });
        const relation = await lake.relation(table);
        await lake.replace(table, { rows: [{ id: 2n }] });
        await lake.vacuum(table, { retentionHours: 0 });
        expect(await rowsOf(await lake.query({ sql: `select id from ${relation.sql} r` }))).toEqual([[1n]]);
        await relation.release();
        await relation.release();
      });

      it('stops when it is aborted', async () => {
        const abort = new AbortController();
        const reason = new Error('enough');
        const reading = lake
          .query({ sql: ENDLESS[lake.dialect], signal: abort.signal })
          .then(rowsOf)
          .catch((error: unknown) => error);
        setImmediate(() => abort.abort(reason));
        expect(await reading).toBe(reason);
      });

      it('stops when its time is over', async () => {
        const running = lake.query({ sql: ENDLESS[lake.dialect], timeoutMs: 50 }).then(rowsOf);
        await expect(running).rejects.toMatchObject({ kind: 'timeout' });
      });

      it('says what is wrong with it', async () => {
        await expect(lake.query({ sql: 'selekt 1' }).then(rowsOf)).rejects.toMatchObject({ kind: 'invalid-input' });
        await expect(lake.query({ sql: 'select nothing_such' }).then(rowsOf)).rejects.toMatchObject({ kind: 'invalid-input' });
      });
    });

    describe('upkeep', () => {
      beforeEach(async () => {
        await lake.ensureTable(table, { columns });
        for (const id of [1n, 2n, 3n]) await lake.append(table, { rows: [{ id }] });
      });

      it('makes few files of many, and changes no row', async () => {
        const before = await all();
        expect(await lake.compact(table)).toMatchObject({ applied: true });
        expect(await all()).toEqual(before);
        expect((await lake.describe(table))?.files ?? 1).toBe(1);
        expect(await lake.compact(table)).toMatchObject({ applied: false });
      });

      it('deletes files that no kept version needs, and no other', async () => {
        const before = await all();
        await lake.compact(table);
        expect(await lake.vacuum(table)).toEqual({ deletedFiles: 0 });
        expect((await lake.vacuum(table, { retentionHours: 0 })).deletedFiles).toBeGreaterThanOrEqual(3);
        expect(await all()).toEqual(before);
      });

      it('leaves a table with a long log as it was', async () => {
        for (let id = 4n; id < 25n; id += 1n) await lake.append(table, { rows: [{ id }] }, { txn: { appId: 'many', version: id } });
        const other = await open();
        try {
          expect((await other.describe(table))?.rows ?? 24n).toBe(24n);
          expect(await other.lastTransaction(table, 'many')).toBe(24n);
          expect((await other.describe(table, { version: 5n }))?.version).toBe(5n);
        } finally {
          await other.close();
        }
      });
    });
  });
}
