import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LakehouseTableReport } from '#contracts/http/lakehouse';
import { openCase } from '../support/case.ts';
import { type EmbeddedShape, startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/process.ts';

/** Files that a Delta table is of now, by its log alone; the tables of this test are too young for a checkpoint. */
async function filesOf(table: string): Promise<string[]> {
  const log = join(table, '_delta_log');
  const commits = (await readdir(log)).filter((name) => name.endsWith('.json')).toSorted();
  const files = new Set<string>();
  for (const commit of commits) {
    for (const line of (await readFile(join(log, commit), 'utf8')).trim().split('\n')) {
      const { add, remove } = JSON.parse(line) as { add?: { path: string }; remove?: { path: string } };
      if (add) files.add(join(table, add.path));
      if (remove) files.delete(join(table, remove.path));
    }
  }
  return [...files];
}

describe('a governed write', () => {
  let shape: EmbeddedShape;
  beforeAll(async () => {
    shape = await startEmbedded({ env: { LAKELOOP_DEMO_DATA: '0', LAKEHOUSE_FLUSH_MS: '200', LAKEHOUSE_COMPACT_MS: '1000' } });
  }, 180_000);
  afterAll(() => shape?.stop(), 60_000);

  it('is in the Delta history within seconds, typed and with its actor, for DuckDB and delta-rs alike', async () => {
    const flag = await openCase(new Person(shape, 'administrator'), new Person(shape, 'analyst'));
    const auditor = new Person(shape, 'auditor');
    const tables = await eventually(
      async () => {
        const { body } = await auditor.call<{ tables: LakehouseTableReport[] }>('', '/v1/lakehouse/tables');
        const found = body.tables.filter(({ source }) => ['exceptions.transactions', 'exceptions.flags'].includes(source));
        return found.length === 2 && found.every(({ history }) => Number(history?.rows) > 0) ? found : undefined;
      },
      () => `the write did not arrive:\n${shape.process.output}`,
      30_000,
    );
    expect(tables.every(({ partitions }) => partitions.every(({ phase }) => phase === 'following'))).toBe(true);
    expect((await new Person(shape, 'analyst').call('', '/v1/lakehouse/tables')).status).toBe(403);

    const root = join(shape.dataDirectory, 'lakehouse', 'exceptions');
    const files = await filesOf(join(root, 'transactions_history'));
    const connection = await (await DuckDBInstance.create()).connect();
    const list = files.map((file) => `'${file}'`).join(', ');
    const result = await connection.runAndReadAll(
      `select id, typeof(id), amount, typeof(booked_at), _change_type, _actor, _unrepresentable from read_parquet([${list}], union_by_name = true) where id = ${flag.transaction_id}`,
    );
    const [row] = result.getRowsJson();
    expect(row?.slice(3)).toEqual(['TIMESTAMP WITH TIME ZONE', 'insert', shape.accounts['administrator']?.username, null]);
    expect([row?.[0], row?.[1]]).toEqual([String(flag.transaction_id), 'BIGINT']);
    connection.closeSync();

    const script = `import deltalake\nt = deltalake.DeltaTable(${JSON.stringify(join(root, 'flags_history'))})\nprint(t.metadata().configuration['lakeloop.source'], t.to_pyarrow_dataset().count_rows() if hasattr(t, 'to_pyarrow_dataset') else '')`;
    const outside = await promisify(execFile)('python3', ['-c', script]).catch((error: unknown) => String(error));
    // Where Python has no deltalake, DuckDB's word has to do.
    if (typeof outside !== 'string') expect(outside.stdout).toMatch(/^exceptions\.flags /);
  }, 60_000);

  it('is in the current rows that the row API serves, as the table in Postgres has them, and to the same people', async () => {
    const [administrator, analyst] = [new Person(shape, 'administrator'), new Person(shape, 'analyst')];
    for (let cases = 0; cases < 3; cases += 1) await openCase(administrator, analyst);
    // The workflow goes on changing flags; sooner or later both have the same.
    for (const table of ['transactions', 'flags']) {
      const [postgres] = await eventually(
        async () => {
          const both = await Promise.all([table, `${table}_current`].map((name) => analyst.call<object[]>('exceptions', `${name}?order=id`)));
          return both[0]?.body.length === 4 && JSON.stringify(both[0].body) === JSON.stringify(both[1]?.body) ? both : undefined;
        },
        () => `${table}_current did not become ${table}:\n${shape.process.output}`,
        30_000,
      );
      expect([postgres?.status, postgres?.body.length]).toEqual([200, 4]);
    }
    const counted = await analyst.call('exceptions', 'flags_current?select=state,count()&order=state', { headers: { prefer: 'count=exact' } });
    expect([counted.status, counted.headers.get('server-timing')]).toEqual([200, expect.stringContaining('lakehouse;dur=')]);
    for (const role of ['approver', 'finance', 'agent']) {
      const person = new Person(shape, role);
      const statuses = await Promise.all(['flags', 'flags_current'].map(async (table) => (await person.call('exceptions', `${table}?limit=1`)).status));
      expect([role, statuses[1]]).toEqual([role, statuses[0]]);
    }
    expect((await administrator.call('exceptions', 'flags_current?id=is.null', { method: 'DELETE' })).status).toBe(405);
  }, 90_000);
});
