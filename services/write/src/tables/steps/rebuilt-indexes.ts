import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { TableShape } from '../table-shape.ts';
import type { Steps } from './step-plan.ts';
import type { PlainIndex } from './surroundings.ts';

export interface RebuiltIndexes {
  indexes: Steps['indexes'];
  /** Unique constraints that take over their index, once the old ones are gone. */
  constraints: string[];
  /** Of other indexes, to the names that the old ones had. */
  renames: string[];
}

export interface Rebuilding {
  /** Number of the column that goes. */
  was: number;
  /** SQL of the one that comes. */
  to: string;
  id: string;
  shape: TableShape;
  /** The column's own unique constraint does not come back. */
  dropUnique: boolean;
}

/** Indexes that cover a column, on another one in its place. */
export function rebuiltIndexes(indexes: readonly PlainIndex[], { was, to, id, shape, dropUnique }: Rebuilding): RebuiltIndexes {
  const built: RebuiltIndexes = { indexes: [], constraints: [], renames: [] };
  indexes
    .filter(({ constraint, columns }) => !(dropUnique && constraint !== null && columns.length === 1))
    .forEach(({ name, unique, constraint, method, columns, included, nullsNotDistinct }, place) => {
      const working = quoteIdentifier(`lakeloop:index:${id}:${place}`);
      const one = ({ attnum, name: column, details, order }: PlainIndex['columns'][number]): string =>
        // Collation and operator class were those of the old type.
        attnum === was ? `${to}${order}` : `${quoteIdentifier(column)}${details}${order}`;
      const include = included.length === 0 ? '' : ` include (${included.map((each) => (each.attnum === was ? to : quoteIdentifier(each.name))).join(', ')})`;
      const sql = `create ${unique ? 'unique ' : ''}index concurrently ${working} on ${shape.sql} using ${quoteIdentifier(method)} (${columns.map(one).join(', ')})${include}${nullsNotDistinct ? ' nulls not distinct' : ''}`;
      built.indexes.push({ name: `${quoteIdentifier(shape.schema)}.${working}`, sql });
      if (constraint === null) built.renames.push(`alter index ${quoteIdentifier(shape.schema)}.${working} rename to ${quoteIdentifier(name)}`);
      else built.constraints.push(`alter table ${shape.sql} add constraint ${quoteIdentifier(constraint)} unique using index ${working}`);
    });
  return built;
}
