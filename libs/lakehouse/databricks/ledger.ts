import type { LakeTable, LakeWrite } from '../lakehouse.ts';
import { type Bound, parameterOf } from './parameters.ts';
import { qualified, quoteText } from './quoting.ts';
import { finish } from './source.ts';
import type { Warehouse } from './warehouse.ts';

/** Tables of ours in each schema; `tables()` leaves them out. */
export const OWN_PREFIX = '_lakeloop_';
/** What the guard raises: the application transaction is in already. User-defined SQLSTATEs are of class 45. */
export const ALREADY_APPLIED = '45LL1';
/** What it raises when the last application transaction is not the one that the write goes on from. */
export const OTHER_WRITER = '45LL2';

export interface LedgerEntry {
  tableId: string;
  baseVersion: bigint;
  operation: string;
  rows: bigint | undefined;
  write: Pick<LakeWrite, 'txn' | 'note'>;
}

export interface Note {
  baseVersion: bigint;
  operation: string;
  rows: bigint | undefined;
  note: Readonly<Record<string, string>>;
}

/**
 * What Delta keeps in the log (`txn`, `userMetadata`) and a SQL warehouse lets nobody write: application transactions and notes, in two tables beside the data, written in one
 * transaction with it (`BEGIN ATOMIC`; ADR 0013).
 */
export class Ledger {
  readonly #warehouse: Warehouse;
  readonly #catalog: string;
  readonly #ready = new Map<string, Promise<void>>();

  constructor(warehouse: Warehouse, catalog: string) {
    this.#warehouse = warehouse;
    this.#catalog = catalog;
  }

  /** Makes the tables, once for each schema and process. */
  prepare(schema: string): Promise<void> {
    let ready = this.#ready.get(schema);
    if (!ready) {
      ready = this.#create(schema);
      this.#ready.set(schema, ready);
      ready.catch(() => this.#ready.delete(schema));
    }
    return ready;
  }

  /** The write and its ledger rows as one transaction: the guard, the rows, the write. */
  atomic(schema: string, { tableId, baseVersion, operation, rows, write: { txn, note } }: LedgerEntry, write: string): { sql: string; bound: Bound } {
    const steps: string[] = [];
    const bound: Record<string, Bound[string]> = { lakeloop_table: parameterOf(tableId) };
    if (txn) {
      bound['lakeloop_app'] = parameterOf(txn.appId);
      bound['lakeloop_version'] = parameterOf(txn.version);
      const ledger = this.#transactions(schema);
      const mine = 'table_id = :lakeloop_table AND app_id = :lakeloop_app';
      steps.push(
        `IF (SELECT coalesce(max(txn_version), -1) FROM ${ledger} WHERE ${mine}) >= :lakeloop_version THEN SIGNAL SQLSTATE ${quoteText(ALREADY_APPLIED)} SET MESSAGE_TEXT = 'applied before'; END IF`,
        ...this.#goesOn(txn, `(SELECT coalesce(max(txn_version), -1) FROM ${ledger} WHERE ${mine})`, bound),
        `MERGE INTO ${ledger} AS l USING (SELECT :lakeloop_table AS table_id, :lakeloop_app AS app_id, :lakeloop_version AS txn_version) AS s ` +
          `ON l.table_id = s.table_id AND l.app_id = s.app_id AND l.table_id = :lakeloop_table AND l.app_id = :lakeloop_app ` +
          'WHEN MATCHED THEN UPDATE SET txn_version = s.txn_version WHEN NOT MATCHED THEN INSERT (table_id, app_id, txn_version) VALUES (s.table_id, s.app_id, s.txn_version)',
      );
    }
    if (note) {
      bound['lakeloop_note'] = parameterOf(JSON.stringify({ note, operation, rows: rows?.toString() }));
      bound['lakeloop_base'] = parameterOf(baseVersion);
      steps.push(`INSERT INTO ${this.#notes(schema)} (table_id, base_version, note) SELECT :lakeloop_table, :lakeloop_base, :lakeloop_note`);
    }
    return { sql: `BEGIN ATOMIC\n${[...steps, write].map((step) => `${step};\n`).join('')}END`, bound };
  }

  #goesOn({ after }: NonNullable<LakeWrite['txn']>, last: string, bound: Record<string, Bound[string]>): string[] {
    if (after === undefined) return [];
    bound['lakeloop_after'] = parameterOf(after ?? -1n);
    return [`IF ${last} <> :lakeloop_after THEN SIGNAL SQLSTATE ${quoteText(OTHER_WRITER)} SET MESSAGE_TEXT = 'another writer was here'; END IF`];
  }

  async lastTransaction(schema: string, tableId: string, appId: string): Promise<bigint | undefined> {
    const [row] = await this.#warehouse.rows({
      sql: `SELECT max(txn_version) AS last FROM ${this.#transactions(schema)} WHERE table_id = :id AND app_id = :app`,
      bound: { id: parameterOf(tableId), app: parameterOf(appId) },
      repeatable: true,
    });
    return (row?.['last'] as bigint | null | undefined) ?? undefined;
  }

  async notes(schema: string, tableId: string, from: bigint): Promise<Note[]> {
    const rows = await this.#warehouse.rows({
      sql: `SELECT base_version, note FROM ${this.#notes(schema)} WHERE table_id = :id AND base_version >= :from ORDER BY base_version`,
      bound: { id: parameterOf(tableId), from: parameterOf(from) },
      repeatable: true,
    });
    return rows.map((row) => {
      const { note, operation, rows: count } = JSON.parse(String(row['note'])) as { note: Record<string, string>; operation: string; rows?: string };
      return { baseVersion: row['base_version'] as bigint, operation, rows: count === undefined ? undefined : BigInt(count), note };
    });
  }

  async #create(schema: string): Promise<void> {
    // Partitioned by what a writer owns, so that two writers' rows never lie in one file and never conflict.
    const transactions = `(table_id STRING NOT NULL, app_id STRING NOT NULL, txn_version BIGINT NOT NULL) USING DELTA PARTITIONED BY (table_id, app_id)`;
    const notes = '(table_id STRING NOT NULL, base_version BIGINT NOT NULL, note STRING NOT NULL) USING DELTA PARTITIONED BY (table_id)';
    const serializable = `TBLPROPERTIES ('delta.feature.catalogManaged' = 'supported', 'delta.isolationLevel' = 'Serializable')`;
    await finish(this.#warehouse, { sql: `CREATE TABLE IF NOT EXISTS ${this.#transactions(schema)} ${transactions} ${serializable}`, repeatable: true });
    const plain = `TBLPROPERTIES ('delta.feature.catalogManaged' = 'supported')`;
    await finish(this.#warehouse, { sql: `CREATE TABLE IF NOT EXISTS ${this.#notes(schema)} ${notes} ${plain}`, repeatable: true });
  }

  #transactions(schema: string): string {
    return qualified(this.#catalog, own(schema, 'transactions'));
  }

  #notes(schema: string): string {
    return qualified(this.#catalog, own(schema, 'notes'));
  }
}

function own(schema: string, name: string): LakeTable {
  return { schema, name: `${OWN_PREFIX}${name}` };
}
