import type { ColumnSpec } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { type ColumnChanged, columnChanged } from '../column-change.ts';
import { columnConstraints, columnSql, commentOn, constraintsNamed, noteColumn, rootOf, type Targets } from '../column-parts.ts';
import { defaultSql } from '../column-sql.ts';
import type { TableEdit } from '../table-edit.ts';
import type { ShapeColumn, TableShape } from '../table-shape.ts';
import { syncFunction, syncTrigger } from './copy-sql.ts';
import { rebuiltIndexes, type RebuiltIndexes } from './rebuilt-indexes.ts';
import type { Step, Steps } from './step-plan.ts';
import type { Surroundings } from './surroundings.ts';

/** The edits that may have to look at every row, or write it anew. */
export type ScanningEdit = Extract<TableEdit, { op: 'add-column' | 'change-column' }>;

export interface PlanInput {
  /** The number that the edit will have. */
  id: string;
  shape: TableShape;
  targets: Targets;
  around: Surroundings;
}

const owner = (sql: string): Step => ({ sql, as: 'owner' });
const admin = (sql: string): Step => ({ sql, as: 'admin' });

/** How an edit is done in steps; null where one statement is as quick. A text says why it can't be. */
export function planSteps(edit: ScanningEdit, input: PlanInput): Steps | string | null {
  const { shape, targets, around } = input;
  if (edit.op === 'add-column') {
    const { column, kept } = edit;
    if (kept !== undefined || constraintsNamed(column, shape.nextAttnum, targets).length === 0) return null;
    return around.tableBlocks ?? planAdded(column, input);
  }
  const column = shape.columns.find(({ spec }) => spec.name === edit.column);
  if (!column) return null;
  const changed = columnChanged(column, edit.change, targets);
  if (changed.retyped) return blocksRetype(changed, input) ?? planRetyped(changed, input);
  const scans =
    (changed.touched('required') && changed.after.required === true) || constraintsNamed(changed.after, column.attnum, targets, changed.remade).length > 0;
  return scans ? (around.tableBlocks ?? planRules(changed, input)) : null;
}

function blocksRetype({ column, after }: ColumnChanged, { shape, around }: PlanInput): string | null {
  const { tableBlocks, updateBlocks, columnBlocks, sqlDefault } = around;
  if (shape.key.includes(column.spec.name)) return 'the column is part of the primary key';
  if (sqlDefault && column.spec.default === undefined) return 'the column has a default that only SQL makes';
  if (after.type === null) return 'it has a type that only SQL makes';
  return tableBlocks ?? updateBlocks ?? columnBlocks;
}

/** Hidden from everybody who looks through us, and from images, until it is whole. */
function hiddenName(id: string): string {
  return `lakeloop:new:${id}`;
}

/** A new column is visible once its rules hold of it. */
function planAdded(column: ColumnSpec, { id, shape, targets }: PlanInput): Steps {
  const hidden = { ...column, name: hiddenName(id) };
  const attnum = shape.nextAttnum;
  const unique = uniqueOn(hidden.name, attnum, { id, shape }, column.unique === true);
  const plain = columnSql(column, targets).slice(quoteIdentifier(column.name).length);
  const name = quoteIdentifier(column.name);
  return {
    prepare: [owner(`alter table ${shape.sql} add column ${quoteIdentifier(hidden.name)}${plain}`), adopt(shape)],
    copy: null,
    indexes: unique.indexes,
    constraints: namedConstraints(hidden, attnum, targetsOf(targets, column.name, hidden.name)),
    swap: [
      owner(`alter table ${shape.sql} rename column ${quoteIdentifier(hidden.name)} to ${name}`),
      ...unique.constraints.map(owner),
      ...commentOn(shape.sql, column.name, column.description).map(owner),
      admin(noteColumn(rootOf(shape), attnum, column)),
      adopt(shape),
    ],
    abandon: [owner(`alter table if exists ${shape.sql} drop column if exists ${quoteIdentifier(hidden.name)}`), adopt(shape)],
  };
}

/** Rules of a column that stays: new ones stand beside the old ones until every row is known to keep them. */
function planRules(changed: ColumnChanged, { id, shape, targets }: PlanInput): Steps {
  const { column, after, type, remade, touched } = changed;
  const { spec: before, attnum, constraints: existing } = column;
  const name = quoteIdentifier(before.name);
  const alter = (what: string): Step => owner(`alter table ${shape.sql} alter column ${name} ${what}`);
  const fresh = namedConstraints(after, attnum, targets, remade).map(({ name: final, sql }) => ({ name: `${final}:new`, sql, final }));
  const unique = uniqueOn(before.name, attnum, { id, shape }, remade.has('unique') && after.unique === true);
  const filled = touched('required') && after.required ? [{ name: `lakeloop:required:${id}`, sql: `check (${name} is not null)` }] : [];
  const drop = (constraint: string): Step => owner(`alter table ${shape.sql} drop constraint if exists ${quoteIdentifier(constraint)}`);
  return {
    prepare: [],
    copy: null,
    indexes: unique.indexes,
    constraints: [...fresh, ...filled].map(({ name: each, sql }) => ({ name: each, sql })),
    swap: [
      ...Object.entries(existing).flatMap(([kind, each]) => (remade.has(kind) ? [drop(each)] : [])),
      ...fresh.map(({ name: was, final }) => owner(`alter table ${shape.sql} rename constraint ${quoteIdentifier(was)} to ${quoteIdentifier(final)}`)),
      ...unique.constraints.map(owner),
      ...(touched('default') ? [alter(after.default === undefined ? 'drop default' : `set default ${defaultSql(after, type)}`)] : []),
      // PostgreSQL believes the constraint, and does not look at the rows again.
      ...(touched('required') ? [alter(after.required ? 'set not null' : 'drop not null')] : []),
      ...filled.map((each) => drop(each.name)),
      ...(touched('description') ? commentOn(shape.sql, before.name, after.description ?? null).map(owner) : []),
      admin(noteColumn(rootOf(shape), attnum, after)),
      adopt(shape),
    ],
    abandon: [
      ...[...fresh, ...filled].map((each) => owner(`alter table if exists ${shape.sql} drop constraint if exists ${quoteIdentifier(each.name)}`)),
      ...unique.indexes.map((each) => owner(`drop index if exists ${each.name}`)),
    ],
  };
}

/** Another type: a column beside the old one that is kept in step with it, filled, and then takes its place. */
function planRetyped(changed: ColumnChanged, input: PlanInput): Steps {
  const { id, shape, targets, around } = input;
  const { column, after, type } = changed;
  const [was, is] = [column.attnum, shape.nextAttnum];
  const hidden = { ...after, name: hiddenName(id) };
  const [from, to] = [quoteIdentifier(column.spec.name), quoteIdentifier(hidden.name)];
  const indexes = rebuiltIndexes(around.indexes, { was, to, id, shape, dropUnique: after.unique !== true });
  const unique = uniqueOn(hidden.name, is, { id, shape }, after.unique === true && column.constraints['unique'] === undefined);
  const place = { id, table: shape.sql, from, to, type };
  const filled = after.required ? [{ name: `lakeloop:required:${id}`, sql: `check (${to} is not null)` }] : [];
  return {
    prepare: [
      owner(`alter table ${shape.sql} add column ${to} ${type}`),
      admin(syncFunction(place)),
      ...syncTrigger(place).map(owner),
      admin(`select lakeloop.watch_updates(${rootOf(shape)}, false)`),
      adopt(shape),
    ],
    copy: { table: shape.sql, from, to, type, key: around.key },
    indexes: [...unique.indexes, ...indexes.indexes],
    constraints: [
      // The old column's own values are looked at in the end: those that came since the copying began, too.
      { name: `lakeloop:copied:${id}`, sql: `check (${from} is null or ${to} is not null)` },
      ...filled,
      ...namedConstraints(hidden, is, targetsOf(targets, column.spec.name, hidden.name)),
    ],
    swap: swapRetyped(changed, input, { from, to, indexes, unique: unique.constraints, filled: filled.map(({ name }) => name) }),
    abandon: [
      owner(`drop trigger if exists ${quoteIdentifier(`~lakeloop_rewrite_${id}`)} on ${shape.sql}`),
      owner(`alter table ${shape.sql} drop column if exists ${to}`),
      admin(`drop function if exists lakeloop.rewrite_${id}()`),
      admin(`select lakeloop.watch_updates(${rootOf(shape)}, true)`),
      adopt(shape),
    ],
  };
}

interface Swapped {
  from: string;
  to: string;
  indexes: RebuiltIndexes;
  unique: string[];
  filled: string[];
}

function swapRetyped({ column, after, type }: ColumnChanged, { id, shape }: PlanInput, { from, to, indexes, unique, filled }: Swapped): Step[] {
  const [was, is] = [column.attnum, shape.nextAttnum];
  const { description } = after;
  return [
    admin(`select set_config('lakeloop.adopting', 'on', true)`),
    owner(`drop trigger ${quoteIdentifier(`~lakeloop_rewrite_${id}`)} on ${shape.sql}`),
    admin(`drop function lakeloop.rewrite_${id}()`),
    admin(`select lakeloop.copy_grants(${rootOf(shape)}, ${was}::smallint, ${is}::smallint)`),
    ...(after.required ? [owner(`alter table ${shape.sql} alter column ${to} set not null`)] : []),
    ...filled.map((name) => owner(`alter table ${shape.sql} drop constraint ${quoteIdentifier(name)}`)),
    owner(`alter table ${shape.sql} drop column ${from}`),
    owner(`alter table ${shape.sql} rename column ${to} to ${from}`),
    ...indexes.renames.map(owner),
    ...[...indexes.constraints, ...unique].map(owner),
    ...(after.default === undefined ? [] : [owner(`alter table ${shape.sql} alter column ${from} set default ${defaultSql(after, type)}`)]),
    ...(description === undefined ? [] : commentOn(shape.sql, column.spec.name, description).map(owner)),
    admin(`select lakeloop.move_column(${rootOf(shape)}, ${was}::smallint, ${is}::smallint)`),
    admin(noteColumn(rootOf(shape), is, after)),
    ...keepPlace(column, shape),
    admin(`select lakeloop.watch_updates(${rootOf(shape)}, true)`),
    adopt(shape),
  ];
}

/** PostgreSQL has a column that was made later behind the others; people see it where it was. */
function keepPlace({ spec }: ShapeColumn, { oid, columns }: TableShape): Step[] {
  if (columns.at(-1)?.spec.name === spec.name) return [];
  const order = `array[${columns.map((each) => quoteLiteral(each.spec.name)).join(', ')}]::name[]`;
  return [
    admin(
      `insert into lakeloop.table_note (root, column_order) values (${oid}, ${order}) on conflict (root) do update set column_order = coalesce(lakeloop.table_note.column_order, excluded.column_order)`,
    ),
  ];
}

/** Renews an adopted table's recorders; where no event trigger does it, writes would be refused until then. */
function adopt(shape: TableShape): Step {
  return admin(`select lakeloop.adopt(a.root) from lakeloop.adopted a where a.root = ${shape.oid}`);
}

function uniqueOn(
  column: string,
  attnum: number,
  { id, shape }: Pick<PlanInput, 'id' | 'shape'>,
  wanted: boolean,
): { indexes: Steps['indexes']; constraints: string[] } {
  if (!wanted) return { indexes: [], constraints: [] };
  // Names of indexes are the schema's: the edit's number makes it the only one.
  const name = quoteIdentifier(`lakeloop:unique:${attnum}:${id}`);
  return {
    indexes: [
      { name: `${quoteIdentifier(shape.schema)}.${name}`, sql: `create unique index concurrently ${name} on ${shape.sql} (${quoteIdentifier(column)})` },
    ],
    constraints: [`alter table ${shape.sql} add constraint ${name} unique using index ${name}`],
  };
}

/** All but a unique one: that comes with its index (`uniqueOn`). */
function namedConstraints(...asked: Parameters<typeof columnConstraints>): { name: string; sql: string }[] {
  return columnConstraints(...asked).flatMap(({ name, sql }) => (name === null ? [] : [{ name, sql }]));
}

function targetsOf(targets: Targets, name: string, hidden: string): Targets {
  const target = targets.get(name);
  return target ? new Map([[hidden, target]]) : new Map();
}
