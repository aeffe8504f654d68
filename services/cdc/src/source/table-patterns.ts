import { matchesTable, type TablePattern, tablePattern } from '../change/pattern.ts';

export interface TableId {
  schema: string;
  name: string;
}

/** Never published, whatever the patterns say: our own bookkeeping, queues, and the system's. */
const NEVER = /^(lakeloop.*|audit|bullmq.*|pg_.*|information_schema)$/;

/** `schema.table` patterns, `*` for any run of characters. No include: every table. */
export class TablePatterns {
  readonly #include: readonly TablePattern[];
  readonly #exclude: readonly TablePattern[];
  readonly #signals: string | undefined;

  /** Throws a `misconfigured` Failure that names a pattern without a dot. */
  constructor(include: readonly string[], exclude: readonly string[] = [], signals?: string) {
    this.#include = include.map((pattern) => tablePattern(pattern, 'CDC_TABLES'));
    this.#exclude = exclude.map((pattern) => tablePattern(pattern, 'CDC_TABLES_EXCLUDE'));
    this.#signals = signals;
  }

  /** The user named tables. */
  get explicit(): boolean {
    return this.#include.length > 0;
  }

  /** Never published, whoever asks for it. */
  forbids(table: TableId): boolean {
    return NEVER.test(table.schema);
  }

  matches(table: TableId): boolean {
    if (this.forbids(table) || this.excludes(table)) return false;
    if (!this.explicit) return !this.isSignal(table);
    return this.#include.some((pattern) => matchesTable(pattern, table));
  }

  /** What is inserted into it is asked of capture; it is published only where a pattern names it. */
  isSignal({ schema, name }: TableId): boolean {
    return this.#signals === `${schema}.${name}`;
  }

  get hasExcludes(): boolean {
    return this.#exclude.length > 0;
  }

  /** Left out by name, whatever includes it. */
  excludes(table: TableId): boolean {
    return this.#exclude.some((pattern) => matchesTable(pattern, table));
  }
}
