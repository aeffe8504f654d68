import { createHmac } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import { assignment, type ColumnPattern, columnPattern, matchesTable } from './pattern.ts';

/** Makes of a value's text what is published in its place. */
export type Mask = (text: string) => string;

/** What becomes of a column. */
export type ColumnRule = 'publish' | 'leave-out' | Mask;

export interface ColumnRuleSettings {
  include: readonly string[];
  exclude: readonly string[];
  /** `schema.table.column=hash` or `=text:<fixed text>`. */
  masks: readonly string[];
  /** Key of the hashes. */
  salt: string | undefined;
}

/**
 * Which columns are published, and which of them masked. A table that an include pattern speaks of has only the columns that one names; every other table has
 * all. What is excluded is excluded in any case.
 */
export class ColumnRules {
  readonly #include: readonly ColumnPattern[];
  readonly #exclude: readonly ColumnPattern[];
  readonly #masks: readonly { pattern: ColumnPattern; mask: Mask }[];

  /** Throws a `misconfigured` Failure that names the setting, never a salt. */
  constructor({ include, exclude, masks, salt }: ColumnRuleSettings) {
    this.#include = include.map((item) => columnPattern(item, 'CDC_COLUMNS_INCLUDE'));
    this.#exclude = exclude.map((item) => columnPattern(item, 'CDC_COLUMNS_EXCLUDE'));
    this.#masks = masks.map((item) => {
      const [pattern, how] = assignment(item, 'CDC_COLUMNS_MASK');
      return { pattern: columnPattern(pattern, 'CDC_COLUMNS_MASK'), mask: maskOf(how, salt) };
    });
  }

  of(table: { schema: string; name: string }, column: string): ColumnRule {
    const named = ({ column: name, ...pattern }: ColumnPattern): boolean => matchesTable(pattern, table) && name.test(column);
    if (this.#exclude.some(named)) return 'leave-out';
    const spoken = this.#include.filter((pattern) => matchesTable(pattern, table));
    if (spoken.length > 0 && !spoken.some(named)) return 'leave-out';
    return this.#masks.find(({ pattern }) => named(pattern))?.mask ?? 'publish';
  }
}

/** Every row that has a value shows the same text, or one that only the holder of the salt can tell equal values by. */
function maskOf(how: string, salt: string | undefined): Mask {
  if (how.startsWith('text:')) {
    const fixed = how.slice('text:'.length);
    return () => fixed;
  }
  if (how !== 'hash') throw new Failure('misconfigured', 'CDC_COLUMNS_MASK: a mask is hash or text:<fixed text>');
  if (salt === undefined) throw new Failure('misconfigured', 'CDC_COLUMNS_MASK: hash needs CDC_MASK_SALT');
  return (text) => createHmac('sha256', salt).update(text).digest('hex');
}

/** As the settings say. */
export function columnRules(config: {
  CDC_COLUMNS_INCLUDE: readonly string[];
  CDC_COLUMNS_EXCLUDE: readonly string[];
  CDC_COLUMNS_MASK: readonly string[];
  CDC_MASK_SALT?: string | undefined;
}): ColumnRules {
  const { CDC_COLUMNS_INCLUDE: include, CDC_COLUMNS_EXCLUDE: exclude, CDC_COLUMNS_MASK: masks, CDC_MASK_SALT: salt } = config;
  return new ColumnRules({ include, exclude, masks, salt });
}
