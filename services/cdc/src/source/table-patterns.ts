import { Failure } from '#libs/failure/failure';

export interface TableId {
  schema: string;
  name: string;
}

/** Never published, whatever the patterns say: our own bookkeeping, queues, and the system's. */
const NEVER = /^(lakeloop.*|audit|bullmq.*|pg_.*|information_schema)$/;

/** `schema.table` patterns, `*` for any run of characters. Empty: every table. */
export class TablePatterns {
  readonly #patterns: readonly { schema: RegExp; name: RegExp }[];

  /** Throws a `misconfigured` Failure that names a pattern without a dot. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(compile);
  }

  /** The user named tables. */
  get explicit(): boolean {
    return this.#patterns.length > 0;
  }

  /** Never published, whoever asks for it. */
  forbids(table: TableId): boolean {
    return NEVER.test(table.schema);
  }

  matches(table: TableId): boolean {
    if (this.forbids(table)) return false;
    return !this.explicit || this.#patterns.some(({ schema, name }) => schema.test(table.schema) && name.test(table.name));
  }
}

function compile(pattern: string): { schema: RegExp; name: RegExp } {
  const dot = pattern.indexOf('.');
  if (dot < 1 || dot === pattern.length - 1) throw new Failure('misconfigured', `CDC_TABLES: ${JSON.stringify(pattern)} is not schema.table`);
  return { schema: glob(pattern.slice(0, dot)), name: glob(pattern.slice(dot + 1)) };
}

function glob(text: string): RegExp {
  const escaped = text.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}
