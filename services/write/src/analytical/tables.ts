import type pg from 'pg';
import { readColumns } from '#libs/governance/policy/catalogue';
import { historyName, PROPERTY, rowColumns } from '#libs/lakehouse/history/history-columns';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Lakehouse, LakeTableState } from '#libs/lakehouse/lakehouse';
import type { Clock } from '#libs/runtime/clock';
import { type AnalyticalTable, parseTableName } from './analytical-table.ts';
import { openCurrent, stemOfCurrent } from './current.ts';
import { analyticalColumn } from './lake-column.ts';

const KNOWN_MS = 10_000;
const MISSING_MS = 1_000;
const MOST = 1_000;

/** Which tables the lakehouse has. A table is looked for again after ten seconds, one that was not there after a second. */
export class AnalyticalTables {
  readonly #lakehouse: Lakehouse;
  readonly #pool: pg.Pool;
  readonly #clock: Clock;
  readonly #known = new Map<string, { until: number; table: Promise<AnalyticalTable | undefined> }>();

  constructor(lakehouse: Lakehouse, pool: pg.Pool, clock: Clock) {
    this.#lakehouse = lakehouse;
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Undefined when there is none. Throws what the lakehouse throws. */
  async find(schema: string, name: string): Promise<AnalyticalTable | undefined> {
    const key = JSON.stringify([schema, name]);
    const known = this.#known.get(key);
    if (known && known.until > this.#clock.now()) return known.table;
    if (this.#known.size >= MOST) this.#known.clear();
    const entry = { until: this.#clock.now() + KNOWN_MS, table: this.#load(schema, name) };
    this.#known.set(key, entry);
    try {
      const table = await entry.table;
      if (!table) entry.until = this.#clock.now() + MISSING_MS;
      return table;
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }

  /** After a query that found the table changed or gone. */
  forget({ schema, name }: Pick<AnalyticalTable, 'schema' | 'name'>): void {
    this.#known.delete(JSON.stringify([schema, name]));
  }

  async #load(schema: string, name: string): Promise<AnalyticalTable | undefined> {
    const state = await this.#lakehouse.describe({ schema, name });
    if (state) return this.#tableOf(state, () => this.#lakehouse.relation(state.table));
    const stem = stemOfCurrent(name);
    const history = stem === undefined ? undefined : await this.#lakehouse.describe({ schema, name: historyName(stem) });
    if (stem === undefined || history?.properties[PROPERTY.key] === undefined) return undefined;
    const shown = { ...history, table: { schema, name }, columns: rowColumns(history.columns) };
    return this.#tableOf(shown, () => openCurrent(this.#lakehouse, schema, stem));
  }

  async #tableOf({ table, columns, properties }: LakeTableState, open: AnalyticalTable['open']): Promise<AnalyticalTable> {
    const named = properties[PROPERTY.source];
    if (named === undefined) return { ...table, columns: columnsOf(columns, undefined), open };
    const source = parseTableName(named) ?? { schema: '', name: named };
    const sourceColumns = source.schema === '' ? undefined : await readColumns(this.#pool, source);
    return { ...table, columns: columnsOf(columns, sourceColumns), source: { ...source, columns: new Set(sourceColumns?.keys()) }, open };
  }
}

function columnsOf(columns: readonly LakeColumn[], source: Awaited<ReturnType<typeof readColumns>>): AnalyticalTable['columns'] {
  return new Map(columns.map((column) => [column.name, analyticalColumn(column, source?.get(column.name))]));
}
