import { Failure } from '#libs/failure/failure';
import { matchesTable, type TablePattern, tablePattern } from './pattern.ts';

/** Columns of the record's key by table, where it is not the table's own: `schema.table:column,column;…` (Debezium's message.key.columns, with `*` for patterns). */
export class MessageKeys {
  readonly #keys: readonly { pattern: TablePattern; columns: readonly string[] }[];

  /** Throws a `misconfigured` Failure on an item that is not of this form. */
  constructor(text: string) {
    const items = text.split(';').filter((item) => item.trim() !== '');
    this.#keys = items.map((item) => {
      const colon = item.lastIndexOf(':');
      const columns = item
        .slice(colon + 1)
        .split(',')
        .map((column) => column.trim());
      if (colon < 1 || columns.includes('')) throw new Failure('misconfigured', 'CDC_MESSAGE_KEYS: an item is not schema.table:column,column');
      return { pattern: tablePattern(item.slice(0, colon).trim(), 'CDC_MESSAGE_KEYS'), columns };
    });
  }

  /** Undefined for a table that keeps its own key. */
  of(table: { schema: string; name: string }): readonly string[] | undefined {
    return this.#keys.find(({ pattern }) => matchesTable(pattern, table))?.columns;
  }
}
