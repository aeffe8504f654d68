import type { LakeSql } from '#libs/governance/policy/lake-comparison';
import type { LakeDialect } from '#libs/lakehouse/lakehouse';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { AnalyticalTable } from '../analytical-table.ts';
import type { AnalyticalColumn } from '../lake-column.ts';
import { UnknownColumn } from '../../rows/compile/scope.ts';

/** What a query for the lakehouse is compiled against, and its parameters so far: every value is bound under a name, none is text. */
export class LakeScope implements LakeSql {
  readonly table: AnalyticalTable;
  readonly dialect: LakeDialect;
  readonly parameters: Record<string, LakeValue> = {};
  /** Columns that the query looks at: the caller must be allowed to read them all. */
  readonly used = new Set<string>();
  readonly #names = new Map<LakeValue, string>();

  constructor(table: AnalyticalTable, dialect: LakeDialect) {
    this.table = table;
    this.dialect = dialect;
  }

  readonly bind = (value: LakeValue): string => {
    // One name for one value: the same expression is then the same text, wherever it stands (GROUP BY, ORDER BY).
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = `p${this.#names.size + 1}`;
    this.parameters[name] = value;
    this.#names.set(value, `:${name}`);
    return `:${name}`;
  };

  /** The column, or PostgreSQL's own complaint about it: 400, 42703. */
  column(name: string): AnalyticalColumn {
    const column = this.table.columns.get(name);
    if (!column) throw new UnknownColumn(400, '42703', `column ${this.table.name}.${name} does not exist`);
    this.used.add(name);
    return column;
  }

  /** `t."name"`; the name is the table's own. */
  quoted(name: string): string {
    return `t.${quoteName(name, this.dialect)}`;
  }
}

/** Each dialect doubles its own quote inside a name. */
export function quoteName(name: string, dialect: LakeDialect): string {
  return dialect === 'duckdb' ? `"${name.replaceAll('"', '""')}"` : `\`${name.replaceAll('`', '``')}\``;
}
