import type { ColumnSpec } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { commentOn, constraintsNamed, noteColumn, patternProbe, rootOf, type Targets } from './column-parts.ts';
import { constraintsOf, defaultSql, invalid, sqlTypeOf } from './column-sql.ts';
import type { ColumnChange, CompiledEdit, Loss } from './table-edit.ts';
import type { ShapeColumn, TableShape } from './table-shape.ts';

/** What the constraints of ours on a column are made of. */
const RULES = ['min', 'max', 'pattern', 'options', 'type', 'precision', 'scale'] as const;

/** What a change makes of a column. */
export interface ColumnChanged {
  column: ShapeColumn;
  after: ColumnSpec;
  /** SQL type afterwards. */
  type: string;
  retyped: boolean;
  /** Kinds of constraints that are made anew. */
  remade: ReadonlySet<string>;
  touched: (key: keyof ColumnSpec) => boolean;
}

/** 422 for a change that makes no sense. */
export function columnChanged(column: ShapeColumn, change: ColumnChange, targets: Targets): ColumnChanged {
  const { spec: before, system } = column;
  if (system) throw invalid(before.name, 'is kept by Lakeloop, or computed');
  const after = merged(before, change);
  const touched = (key: keyof ColumnSpec): boolean => key in change && JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  const type = after.type === null ? column.sqlType : sqlTypeOf(after, targets.get(before.name)?.sqlType);
  const retyped = type !== column.sqlType;
  // Only what was uploaded is a file, and only the database's own type keeps it so.
  if (retyped && (before.type === 'file' || after.type === 'file'))
    throw invalid(before.name, 'can not be turned into a column of files, nor a column of files into another: add a column instead');
  const remade = new Set<string>([
    ...(retyped || RULES.some(touched) ? ['range', 'pattern', 'options'] : []),
    ...(touched('unique') ? ['unique'] : []),
    ...(touched('references') ? ['reference'] : []),
  ]);
  return { column, after, type, retyped, remade, touched };
}

/** Type, constraints, default, label: what differs is changed. Constraints that SQL made stay. */
export function compileColumnChange(column: ShapeColumn, change: ColumnChange, shape: TableShape, targets: Targets): CompiledEdit {
  const changed = columnChanged(column, change, targets);
  const { after, type, retyped, remade, touched } = changed;
  const { spec: before, attnum, constraints: existing } = column;
  const name = quoteIdentifier(before.name);
  const alter = (what: string): string => `alter table ${shape.sql} alter column ${name} ${what}`;
  const sql = [
    ...(touched('pattern') ? patternProbe(after) : []),
    ...Object.entries(existing).flatMap(([kind, each]) => (remade.has(kind) ? [`alter table ${shape.sql} drop constraint ${quoteIdentifier(each)}`] : [])),
    ...(retyped && before.default !== undefined ? [alter('drop default')] : []),
    ...(retyped ? [alter(`type ${type} using ${name}::text::${type}`)] : []),
    ...(touched('default') || (retyped && after.default !== undefined)
      ? [after.default === undefined ? alter('drop default') : alter(`set default ${defaultSql(after, type)}`)]
      : []),
    ...(touched('required') ? [alter(after.required ? 'set not null' : 'drop not null')] : []),
    ...constraintsNamed(after, attnum, targets, remade).map((constraint) => `alter table ${shape.sql} add ${constraint}`),
    ...(touched('description') ? commentOn(shape.sql, before.name, after.description ?? null) : []),
  ];
  const back = Object.fromEntries(Object.keys(change).map((key) => [key, before[key as keyof ColumnSpec] ?? null])) as ColumnChange;
  return {
    sql,
    notes: [...(retyped ? [rewritten(shape)] : []), noteColumn(rootOf(shape), attnum, after)],
    losses: lossesOf(changed, targets),
    inverse: { op: 'change-column', column: before.name, change: back },
  };
}

/** Rows get another version, and are still what they were. */
export function rewritten({ oid }: TableShape): string {
  return `insert into lakeloop.rewrite_xid (root, version) values (${oid}, pg_current_xact_id()::xid::text)`;
}

/** Rows that the column as it shall be does not take. */
function lossesOf({ column: { spec, sqlType }, after, type, retyped, remade, touched }: ColumnChanged, targets: Targets): Loss[] {
  const { name } = spec;
  const column = quoteIdentifier(name);
  const losses: Loss[] = [];
  const fits = (row: string): string => `lakeloop.is_input(${row}.${column}::text, ${quoteLiteral(type)})`;
  if (retyped) losses.push({ what: `values of ${name} that are no ${type}`, condition: `t.${column} is not null and not ${fits('t')}`, refuses: true });
  if (touched('required') && after.required) losses.push({ what: `rows without ${name}`, condition: `t.${column} is null`, refuses: true });
  const value = (row: string): string => (retyped ? `(case when ${fits(row)} then ${row}.${column}::text::${type} end)` : `${row}.${column}`);
  for (const { kind, broken } of constraintsOf({ ...after, name }, retyped ? type : sqlType, targets.get(name))) {
    if (!remade.has(kind)) continue;
    if (kind === 'unique') {
      const twice = `${value('t')} in (select ${value('u')} from @table u group by 1 having count(*) > 1)`;
      losses.push({ what: `rows that share their ${name} with another`, condition: twice, refuses: true });
    } else if (broken) {
      const condition = kind === 'reference' ? broken : `${value('t')} is not null and ${broken.replaceAll(column, () => value('t'))}`;
      losses.push({ what: `values of ${name} outside its ${kind}`, condition, refuses: true });
    }
  }
  return losses;
}

function merged(before: ColumnSpec, change: ColumnChange): ColumnSpec {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const removed = new Set(given.filter(([, value]) => value === null).map(([key]) => key));
  const kept = Object.entries({ ...before, ...Object.fromEntries(given) }).filter(([key]) => !removed.has(key));
  const merged = Object.fromEntries(kept) as ColumnSpec;
  if (change.type !== undefined && change.type !== 'reference' && change.references === undefined) delete merged.references;
  return { ...merged, type: merged.type ?? null };
}
