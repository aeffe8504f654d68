import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DatabricksDouble } from '#libs/testing/databricks/databricks-double';
import { SqlError } from '#libs/testing/databricks/sql-error';
import { ENDLESS, rowsOf } from '../conformance/rows.conformance.ts';
import type { LakeTable } from '../lakehouse.ts';
import type { DatabricksLakehouse } from './databricks-lakehouse.ts';
import { until, workspaceOn } from './workspace.fixture.ts';

const columns = [
  { name: 'id', type: 'long', nullable: false },
  { name: 'label', type: 'string' },
] as const;

describe('a Databricks lakehouse', () => {
  let double: DatabricksDouble;
  let lake: DatabricksLakehouse;
  let table: LakeTable;
  beforeAll(async () => {
    // So short that slow statements are answered with a running operation, which the driver then asks about.
    double = await DatabricksDouble.start({ directResultsMs: 20 });
    lake = workspaceOn(double).lakehouse;
  });
  afterAll(async () => {
    await lake.close();
    await double.stop();
  });
  beforeEach(() => {
    double.calls.length = 0;
    double.statements.length = 0;
    table = { schema: 'warehouse', name: `t_${randomUUID().replaceAll('-', '')}` };
  });
  // One whose answer was cut lies there finished, until its session ends.
  const running = (): number => double.service.openOperations.filter(({ state }) => state === 'running').length;
  afterEach(() => until(() => running() === 0));

  const all = async (on = lake): Promise<unknown[][]> => {
    const { sql, release } = await on.relation(table);
    const rows = await rowsOf(await on.query({ sql: `select id from ${sql} r order by id` }));
    await release();
    return rows;
  };
  const called = (name: string): number => double.calls.filter((call) => call === name).length;

  describe('that is told to stop', () => {
    // Closed before the calls are counted: it waits for those that are under way.
    const stoppedAfter = async (call: string): Promise<number> => {
      const own = workspaceOn(double).lakehouse;
      const abort = new AbortController();
      const query = own.query({ sql: ENDLESS.databricks, signal: abort.signal }).catch((error: unknown) => error);
      await until(() => called(call) > 0);
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await query).toBe(reason);
      await own.close();
      return called('CancelOperation');
    };

    it('stops the statement in the warehouse too, once', async () => {
      expect(await stoppedAfter('GetOperationStatus')).toBe(1);
    });

    it('does so as soon as it knows which, when it was told before', async () => {
      expect(await stoppedAfter('ExecuteStatement')).toBe(1);
    });

    it('stops the one that takes too long, and leaves the others', async () => {
      const other = lake.query({ sql: 'select count(*) as n from range(30000000) a where a.id % 7 = 3' }).then(rowsOf);
      await expect(lake.query({ sql: ENDLESS.databricks, timeoutMs: 60 })).rejects.toMatchObject({
        kind: 'timeout',
        message: expect.stringContaining('60 ms'),
      });
      expect(await other).toEqual([[4285714n]]);
    });

    it('has the warehouse stop what nobody waits for any more', async () => {
      const short = workspaceOn(double, { statementTimeoutMs: 1_000 }).lakehouse;
      await expect(short.query({ sql: ENDLESS.databricks })).rejects.toMatchObject({ kind: 'timeout' });
      await short.close();
    });
  });

  describe('over a bad line', () => {
    it('waits and asks again when the gateway is busy, for writes too', async () => {
      const fresh = workspaceOn(double).lakehouse;
      double.fail({ on: 'OpenSession', with: 429, retryAfter: '0' });
      await fresh.ensureTable(table, { columns });
      double.fail({ on: 'ExecuteStatement', with: 503, retryAfter: '0.01', times: 2 });
      await fresh.append(table, { rows: [{ id: 1n }] });
      expect(await all()).toEqual([[1n]]);
      await fresh.close();
    });

    it('gives up after its attempts, with the kind of trouble it met', async () => {
      await lake.ping();
      double.calls.length = 0;
      double.fail({ on: 'ExecuteStatement', with: 429, times: 4 });
      await expect(lake.query({ sql: 'select 1 as a' })).rejects.toMatchObject({ kind: 'overloaded' });
      expect(called('ExecuteStatement')).toBe(4);
      double.fail({ on: 'ExecuteStatement', with: 503, retryAfter: '3600' });
      await expect(lake.query({ sql: 'select 1 as a' })).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    });

    it('repeats what may be repeated, and nothing else, when an answer is lost', async () => {
      await lake.ensureTable(table, { columns });
      const txn = { appId: 'app', version: 7n };
      await lake.append(table, { rows: [{ id: 0n }] }, { txn: { ...txn, version: 6n } });
      // The transaction is committed, its answer never arrives: the repetition finds it in the ledger.
      const insert = (): number => double.statements.filter(({ sql }) => /INSERT INTO .*`id`/.test(sql)).length;
      double.statements.length = 0;
      cutNextWrite();
      expect(await lake.append(table, { rows: [{ id: 1n }] }, { txn })).toMatchObject({ applied: false });
      expect(insert()).toBe(2);
      expect(await all()).toEqual([[0n], [1n]]);
      double.statements.length = 0;
      cutNextWrite();
      await expect(lake.append(table, { rows: [{ id: 2n }] })).rejects.toMatchObject({ kind: 'dependency-unavailable' });
      expect(insert()).toBe(1);
    });

    it('says that a result broke off', async () => {
      const impatient = workspaceOn(double, { requestTimeoutMs: 1_000 }).lakehouse;
      for (const fault of ['truncate', 'cut'] as const) {
        double.fail({ on: 'FetchResults', with: fault });
        const { chunks } = await impatient.query({ sql: 'select id from range(100000)' });
        await expect(rowsOf({ chunks })).rejects.toMatchObject({ kind: 'dependency-unavailable' });
      }
      await impatient.close();
    });

    it('opens another session when the warehouse has forgotten its own', async () => {
      double.service.expireSessions();
      expect(await rowsOf(await lake.query({ sql: 'select 1 as a' }))).toEqual([[1]]);
    });

    it('is not there when nobody answers', async () => {
      const nowhere = workspaceOn(double, { connection: { host: 'localhost:1' } }).lakehouse;
      await expect(nowhere.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
      await nowhere.close();
    });

    /** Lets the describing statements through: the next one that writes loses its answer. */
    function cutNextWrite(): void {
      double.failStatement({ matching: /INSERT INTO/, with: 'cut' });
    }
  });

  describe('with a large result', () => {
    it('holds a few thousand rows of it at a time, and frees it when the reader leaves', async () => {
      const { chunks } = await lake.query({ sql: 'select id from range(2000000)' });
      for await (const chunk of chunks) {
        expect(chunk.length).toBeLessThanOrEqual(10_000);
        break;
      }
      expect(called('FetchResults')).toBeLessThanOrEqual(2);
      await until(() => !double.service.openOperations.some(({ sql }) => sql.includes('2000000')));
    });
  });

  describe('with parameters', () => {
    it('sends each with its type, and gets back what it sent', async () => {
      const parameters = {
        text: "it's :text",
        whole: 9007199254740993n,
        small: 5,
        huge: 2n ** 70n,
        real: 0.1,
        yes: true,
        none: null,
        bytes: Buffer.from([0, 255]),
      };
      const sql = 'select :text as t, :whole as w, :small as s, :huge as h, :real as r, :yes as y, :none as n, :bytes as b';
      const [row] = await rowsOf(await lake.query({ sql, parameters }));
      expect(row?.slice(0, 7)).toEqual([parameters.text, parameters.whole, 5n, String(2n ** 70n), 0.1, true, null]);
      expect(Buffer.from(row?.[7] as Uint8Array)).toEqual(parameters.bytes);
      expect(double.statements.at(-1)?.parameters).toEqual([
        "text:STRING=it's :text",
        'whole:BIGINT=9007199254740993',
        'small:BIGINT=5',
        `huge:DECIMAL(38,0)=${2n ** 70n}`,
        'real:DOUBLE=0.1',
        'yes:BOOLEAN=TRUE',
        'none:null=undefined',
        'bytes:STRING=AP8=',
      ]);
    });

    it('types those of partitions as their columns are', async () => {
      await lake.ensureTable(table, { columns: [...columns, { name: 'day', type: 'date' }], partitionBy: ['day'] });
      await lake.replace(table, { rows: [{ id: 1n, day: '2026-01-31' }] }, { where: { day: '2026-01-31' } });
      expect(double.statements.flatMap(({ parameters }) => parameters)).toContain('lakeloop_where0:DATE=2026-01-31');
      await expect(lake.query({ sql: 'select :missing as m' })).rejects.toMatchObject({ kind: 'invalid-input', message: expect.stringContaining(':missing') });
    });

    it('keeps a row apart whose columns share a name', async () => {
      await expect(lake.query({ sql: 'select 1 as a, 2 as a' })).rejects.toMatchObject({
        kind: 'invalid-input',
        message: expect.stringContaining('two columns a'),
      });
    });
  });

  describe('writing beside others', () => {
    it('does a write anew that lost to another, and gives up in the end', async () => {
      await lake.ensureTable(table, { columns });
      const lost = (): SqlError => new SqlError('DELTA_CONCURRENT_APPEND.WITHOUT_HINT', '2D521', 'Transaction conflict detected.');
      double.executor.writeFaults.push(lost(), lost());
      await lake.append(table, { rows: [{ id: 1n }] });
      expect(await all()).toEqual([[1n]]);
      double.executor.writeFaults.push(...Array.from({ length: 12 }, lost));
      await expect(lake.append(table, { rows: [{ id: 2n }] })).rejects.toMatchObject({ kind: 'conflict' });
      expect(await all()).toEqual([[1n]]);
    }, 60_000);

    it('does not take a dropped table’s transactions for those of the one made anew', async () => {
      const txn = { appId: 'app', version: 1n };
      await lake.ensureTable(table, { columns });
      await lake.append(table, { rows: [{ id: 1n }] }, { txn });
      await lake.drop(table);
      await lake.ensureTable(table, { columns });
      expect(await lake.lastTransaction(table, 'app')).toBeUndefined();
      expect(await lake.append(table, { rows: [{ id: 1n }] }, { txn })).toMatchObject({ applied: true });
    });

    it('says which tables can not be written in a transaction', async () => {
      await lake.ensureTable(table, { columns, properties: { 'delta.feature.catalogManaged': 'no' } });
      await expect(lake.append(table, { rows: [{ id: 1n }] }, { txn: { appId: 'a', version: 1n } })).rejects.toMatchObject({
        kind: 'unsupported',
        message: expect.stringContaining('catalog-managed commits'),
      });
    });
  });

  describe('with a batch too large for a statement', () => {
    it('takes it through the volume, and leaves nothing there', async () => {
      const small = workspaceOn(double, { inlineBytes: 100 }).lakehouse;
      await small.ensureTable(table, { columns });
      const rows = Array.from({ length: 500 }, (_, index) => ({ id: BigInt(index), label: `row ${index}` }));
      expect(await small.append(table, { rows }, { txn: { appId: 'a', version: 1n } })).toMatchObject({ applied: true, rows: 500n });
      expect(await all(small)).toHaveLength(500);
      expect(double.statements.map(({ sql }) => sql.split(' ')[0])).toEqual(expect.arrayContaining(['PUT', 'REMOVE']));
      await expect(small.append(table, { rows: rows.map((row) => ({ ...row, id: 'x' })) })).rejects.toMatchObject({ kind: 'invalid-input' });
      expect(double.volumes.files()).toEqual([]);
      expect(double.tableNames('warehouse').filter((name) => name.includes('_stage_'))).toEqual([]);
      await small.close();
    });

    it('asks for the volume when there is none', async () => {
      const none = workspaceOn(double, { inlineBytes: 100, connection: { volume: undefined } }).lakehouse;
      await none.ensureTable(table, { columns });
      const rows = Array.from({ length: 500 }, (_, index) => ({ id: BigInt(index) }));
      await expect(none.append(table, { rows })).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('DATABRICKS_VOLUME') });
      await none.close();
    });
  });

  it('tells no value of a row in its errors', async () => {
    await lake.ensureTable(table, { columns });
    const error = await lake.append(table, { rows: [{ id: 'confidential' }] }).catch((failure: unknown) => failure as Error & { detail: unknown });
    expect(`${(error as Error).message} ${JSON.stringify((error as { detail: unknown }).detail)}`).toMatch(
      /^the warehouse refused the data: CAST_INVALID_INPUT(?!.*confidential)/,
    );
  });
});
