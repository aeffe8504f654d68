import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import { HISTORY_COLUMNS, historyName, PROPERTY, rowColumns } from '#libs/lakehouse/history/history-columns';
import { historyProgress } from '#libs/lakehouse/history/progress';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { LakeBatch, LakeCommit, LakeTable, Lakehouse } from '#libs/lakehouse/lakehouse';
import { type Field, planFields } from '../shape/column-plan.ts';
import { transformSql } from '../shape/transform-sql.ts';
import type { SourceTable } from '../source/table-catalogue.ts';
import type { Parked, Segment } from './segment.ts';

export interface SourceName {
  schema: string;
  table: string;
}
/** What the source says of its tables; absent without a source database. */
export type ReadSource = (schema: string, table: string) => Promise<SourceTable>;
/** Turns the transformation's query into a batch that the lakehouse takes; `dispose` once it is in. */
export type MakeBatch = (sql: string, columns: readonly LakeColumn[]) => Promise<{ batch: LakeBatch; dispose: () => Promise<void> }>;

export interface HistoryTableOptions {
  lakehouse: Lakehouse;
  source: SourceName;
  topic: string;
  readSource: ReadSource | undefined;
  makeBatch: MakeBatch;
  nowMs: () => number;
}

const RESERVED = new Set(HISTORY_COLUMNS.map(({ name }) => name));
/** How long the catalogue's word counts while the rows' columns stay the same, ms. */
const KNOWN_FOR_MS = 10_000;
const NOTES_READ = 100;

export const PARKED: LakeTable = { schema: 'lakeloop', name: 'parked' };
const PARKED_COLUMNS: readonly LakeColumn[] = [
  { name: 'topic', type: 'string' },
  { name: 'partition', type: 'integer' },
  { name: 'offset', type: 'long' },
  { name: 'event_id', type: 'string' },
  { name: 'reason', type: 'string' },
  { name: 'key', type: 'binary' },
  { name: 'value', type: 'binary' },
  { name: 'parked_at', type: 'timestamp' },
];

/** The history of one table: takes segments in, each as one version of the lakehouse table, and knows how far it is. */
export class HistoryTable {
  readonly table: LakeTable;
  readonly #options: HistoryTableOptions;
  #known: { source: SourceTable; atMs: number } | undefined;
  #existing: readonly LakeColumn[] = [];
  #key: readonly string[] | undefined;

  constructor(options: HistoryTableOptions) {
    this.#options = options;
    this.table = { schema: options.source.schema, name: historyName(options.source.table) };
  }

  /** Offset up to which a partition is in; null before its first. The lakehouse is the record of progress. */
  async position(partition: number): Promise<bigint | null> {
    return (await this.#options.lakehouse.lastTransaction(this.table, this.#appId(partition))) ?? null;
  }

  /** The newest event that is in, as the newest version of the partition's notes it. */
  async mark(partition: number): Promise<string | undefined> {
    if (!(await this.#options.lakehouse.describe(this.table))) return undefined;
    const versions = await this.#options.lakehouse.history(this.table, NOTES_READ);
    return versions.find(({ note }) => note['partition'] === String(partition))?.note['lastEvent'];
  }

  /**
   * Applies a segment that begins where `after` ended. Rejects with `conflict` when another writer was here since: nothing is in then, and the caller
   * begins anew at `position`.
   */
  async apply(partition: number, segment: Segment, after: bigint | null, key: readonly string[]): Promise<LakeCommit> {
    const { lakehouse, makeBatch } = this.#options;
    if (segment.parked.length > 0) await this.#park(segment.parked);
    const fields = await this.#fields(segment.names, key);
    const columns: LakeColumn[] = [...fields.map(({ column, type }) => ({ name: column, type })), ...HISTORY_COLUMNS];
    const { batch, dispose } = await makeBatch(transformSql({ path: segment.path, partition, fields, longestLine: segment.longestLine }), columns);
    try {
      await hit('lakehouse.before-append');
      const commit = await lakehouse.append(this.table, batch, {
        txn: { appId: this.#appId(partition), version: segment.next, after },
        note: { partition: String(partition), offset: String(segment.next), ...(segment.mark === undefined ? {} : { lastEvent: segment.mark }) },
        evolve: { columns },
      });
      await hit('lakehouse.after-append');
      if (!commit.applied) throw new Failure('conflict', `${this.table.schema}.${this.table.name}: another instance wrote partition ${partition}`);
      return commit;
    } finally {
      await dispose();
    }
  }

  /** Where each name goes; makes the table, and asks the catalogue again when names are new or its word is old. */
  async #fields(names: ReadonlySet<string>, key: readonly string[]): Promise<Field[]> {
    const source = await this.#source(names);
    const { lakehouse } = this.#options;
    const state = await lakehouse.describe(this.table);
    this.#existing = rowColumns(state?.columns ?? []);
    const fields = planFields({ names, known: source.columns, existing: this.#existing, reserved: RESERVED });
    if (!state) await this.#create(fields, source.key.length > 0 ? source.key : key);
    return fields;
  }

  async #create(fields: readonly Field[], key: readonly string[]): Promise<void> {
    const { schema, table } = this.#options.source;
    this.#key = key;
    await this.#options.lakehouse.ensureTable(
      this.table,
      {
        columns: [...fields.map(({ column, type }) => ({ name: column, type })), ...HISTORY_COLUMNS],
        description: `every change of ${schema}.${table}`,
        properties: { [PROPERTY.source]: `${schema}.${table}`, [PROPERTY.kind]: 'history', ...(key.length > 0 ? { [PROPERTY.key]: JSON.stringify(key) } : {}) },
      },
      { evolve: true },
    );
  }

  async #source(names: ReadonlySet<string>): Promise<SourceTable> {
    const { readSource, source, nowMs } = this.#options;
    if (!readSource) return { columns: [], key: this.#key ?? [] };
    const known = this.#known;
    const have = new Set(known?.source.columns.map(({ name }) => name));
    if (known && nowMs() - known.atMs < KNOWN_FOR_MS && [...names].every((name) => have.has(name))) return known.source;
    const read = await readSource(source.schema, source.table);
    this.#known = { source: read, atMs: nowMs() };
    return read;
  }

  /** At least once: who reads it goes by topic, partition and offset. */
  async #park(parked: readonly Parked[]): Promise<void> {
    const { lakehouse, topic, nowMs } = this.#options;
    await lakehouse.ensureTable(PARKED, { columns: PARKED_COLUMNS, description: 'records of change topics that could not be applied' }, { evolve: true });
    const rows = parked.map(({ record, reason }) => ({
      topic,
      partition: record.partition,
      offset: record.offset,
      event_id: record.headers['id'] ?? null,
      reason,
      key: record.key,
      value: record.value,
      parked_at: new Date(nowMs()).toISOString(),
    }));
    await lakehouse.append(PARKED, { rows });
  }

  #appId(partition: number): string {
    return historyProgress(this.#options.topic, partition);
  }
}
