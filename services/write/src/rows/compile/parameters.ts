import { arrayLiteral } from '#libs/postgres/identifiers';

/** PostgreSQL's protocol counts the parameters of a statement in sixteen bits. */
const MOST_SEPARATE = 65_000;

/**
 * Values of a statement: each is a parameter of its own, sent as text and read by the input function of the type it is cast to. The last parameter is
 * an array of what goes beyond the protocol's limit (a replay of that many keys of several columns). No value is ever part of the SQL text.
 */
export class Parameters {
  readonly #separate: (string | null)[] = [];
  readonly #beyond: (string | null)[] = [];

  get values(): readonly (string | null)[] {
    return this.#beyond.length === 0 ? this.#separate : [...this.#separate, arrayLiteral(this.#beyond)];
  }

  /** Adds a value and gives it as text. */
  text(value: string | null): string {
    return this.cast(value, 'pg_catalog.text');
  }

  /** Adds a value and gives it as `type`, which is complete SQL; '' leaves the type to PostgreSQL. */
  cast(value: string | null, type: string): string {
    if (type === '') return `$${this.#separate.push(value)}`;
    if (this.#separate.length < MOST_SEPARATE) return `$${this.#separate.push(value)}::${type}`;
    return `($${MOST_SEPARATE + 1}::pg_catalog.text[])[${this.#beyond.push(value)}]::${type}`;
  }
}
