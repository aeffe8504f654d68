import type { ColumnSpec } from '#contracts/http/tables';

/** What a user may change of a column. `null` takes something away. */
export type ColumnChange = { [K in keyof Omit<ColumnSpec, 'name' | 'references'>]?: ColumnSpec[K] | null } & { references?: ColumnSpec['references'] | null };

/** One edit of a table's schema, as data: kept with who and why, and taken back by another. */
export type TableEdit =
  | { op: 'create'; columns: ColumnSpec[]; key?: string[]; label?: string; description?: string }
  | { op: 'adopt' }
  | { op: 'rename'; to: string }
  | { op: 'describe'; label?: string | null; description?: string | null }
  | { op: 'reorder'; columns: string[] }
  | { op: 'keep-history'; keep: string | null }
  | { op: 'archive' }
  | { op: 'restore' }
  | { op: 'add-column'; column: ColumnSpec; kept?: string }
  | { op: 'rename-column'; column: string; to: string }
  | { op: 'change-column'; column: string; change: ColumnChange }
  | { op: 'drop-column'; column: string };

/** A way in which rows may be lost or broken: how many, and which, can be asked before. */
export interface Loss {
  what: string;
  /** SQL condition over the table, called `t`. */
  condition: string;
  /** The edit does not go through while there are such rows. */
  refuses: boolean;
}

/** An edit as the database takes it. */
export interface CompiledEdit {
  /** Run as the table's owner: what fires on the way has the owner's rights, and not the editor's. */
  sql: string[];
  /** Bookkeeping behind it, run as the editor. */
  notes: string[];
  losses: Loss[];
  /** The edit that takes it back; null where nothing can. */
  inverse: TableEdit | null;
}
