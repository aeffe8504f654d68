import type pg from 'pg';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Lakehouse, LakeRelation } from '#libs/lakehouse/lakehouse';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { columnText, columnType } from './column-text.ts';

/** Rows of one INSERT: their values are held twice, here and in the driver. */
const BATCH_ROWS = 2_000;

export interface StageSource {
  lakehouse: Lakehouse;
  relation: LakeRelation;
  columns: readonly LakeColumn[];
  signal?: AbortSignal | undefined;
}

/**
 * Streams rows of a relation into a temporary table, in batches of bound arrays, one an array of each column's texts. Memory is bounded by a batch: the
 * lakehouse is read on only when the batch before is in. The table is the session's own, so nothing of it outlives a crash.
 */
export async function loadStage(client: pg.ClientBase, table: string, { lakehouse, relation, columns, signal }: StageSource): Promise<void> {
  const quote = lakehouse.dialect === 'databricks' ? (name: string) => `\`${name.replaceAll('`', '``')}\`` : quoteIdentifier;
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const insert = `insert into ${table} (${columns.map(({ name }) => quoteIdentifier(name)).join(', ')})
    select * from unnest(${columns.map(({ type }, index) => `$${index + 1}::${columnType(type)}[]`).join(', ')})`;
  const { chunks } = await lakehouse.query({ sql: `select ${names} from ${relation.sql} r`, ...(signal ? { signal } : {}) });
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += BATCH_ROWS) {
      const rows = chunk.slice(start, start + BATCH_ROWS);
      await client.query(
        insert,
        columns.map((_, index) => rows.map((row) => columnText(row[index] ?? null))),
      );
    }
  }
}
