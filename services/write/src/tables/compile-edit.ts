import type { ColumnSpec } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import { columnSql, commentOn, constraintsNamed, noteColumn, noteTable, patternProbe, rootOf, type Targets } from './column-parts.ts';
import { compileColumnChange } from './column-change.ts';
import { invalid } from './column-sql.ts';
import type { CompiledEdit, TableEdit } from './table-edit.ts';
import type { ShapeColumn, TableShape } from './table-shape.ts';

/** Columns that `lakeloop.stamp` fills. */
export const SYSTEM_COLUMNS = ['created_at', 'created_by', 'updated_at', 'updated_by'] as const;

/** Compiles an edit of a table that is there. Names are quoted, values are literals; 422 for what makes no sense on this table. */
export function compileEdit(edit: Exclude<TableEdit, { op: 'create' }>, shape: TableShape, targets: Targets): CompiledEdit {
  switch (edit.op) {
    case 'adopt':
      return { sql: [], notes: [`select lakeloop.adopt(${shape.oid}::oid::regclass)`], losses: [], inverse: null };
    case 'rename':
      return { sql: [`alter table ${shape.sql} rename to ${quoteIdentifier(edit.to)}`], notes: [], losses: [], inverse: { op: 'rename', to: shape.name } };
    case 'describe':
      return describeTable(edit, shape);
    case 'reorder':
      return reorder(edit.columns, shape);
    case 'keep-history':
      return keepHistory(edit.keep, shape);
    case 'archive':
      return archive(shape);
    case 'restore':
      return restore(shape);
    case 'add-column':
      return addColumn(edit, shape, targets);
    case 'rename-column': {
      const column = quoteIdentifier(found(shape, edit.column).spec.name);
      return {
        sql: [`alter table ${shape.sql} rename column ${column} to ${quoteIdentifier(edit.to)}`],
        // It keeps its place.
        notes: [
          `update lakeloop.table_note set column_order = array_replace(column_order, ${quoteLiteral(edit.column)}::name, ${quoteLiteral(edit.to)}::name) where root = ${rootOf(shape)}`,
        ],
        losses: [],
        inverse: { op: 'rename-column', column: edit.to, to: edit.column },
      };
    }
    case 'change-column':
      return compileColumnChange(found(shape, edit.column), edit.change, shape, targets);
    case 'drop-column':
      return dropColumn(found(shape, edit.column), shape);
  }
}

/** A new table with its system columns, under audit and in the stream. Without a key it gets `id`. `grantee`: the role that makes it may do everything with its rows. */
export function compileCreate(edit: Extract<TableEdit, { op: 'create' }>, { sql, grantee }: { sql: string; grantee: string }, targets: Targets): CompiledEdit {
  const { columns, label, description } = edit;
  const key = edit.key ?? ['id'];
  const names = [...(edit.key ? [] : ['id']), ...columns.map(({ name }) => name), ...SYSTEM_COLUMNS];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(twice, 'is there twice, or is one that every table has');
  for (const name of edit.key ?? []) if (!columns.some((column) => column.name === name)) throw invalid(name, 'is part of the key and not a column');
  for (const { name, type } of columns) if (type === 'file' && key.includes(name)) throw invalid(name, 'holds files, and is part of the key');
  const first = edit.key ? 1 : 2;
  const own = columns.map((column) => columnSql(column, targets));
  const constraints = columns.flatMap((column, index) => constraintsNamed(column, first + index, targets));
  const system = ['created_at timestamptz not null', 'created_by text not null', 'updated_at timestamptz not null', 'updated_by text not null'];
  const lines = [
    ...(edit.key ? [] : ['id bigint generated always as identity']),
    ...own,
    ...system,
    `primary key (${key.map(quoteIdentifier).join(', ')})`,
    ...constraints,
  ];
  const statements = [
    ...columns.flatMap(patternProbe),
    `create table ${sql} (\n  ${lines.join(',\n  ')}\n)`,
    ...(description === undefined ? [] : [`comment on table ${sql} is ${quoteLiteral(description)}`]),
    ...columns.flatMap((column) => commentOn(sql, column.name, column.description)),
    `create trigger lakeloop_stamp before insert or update on ${sql} for each row execute function lakeloop.stamp()`,
    `grant select, insert, update, delete on ${sql} to ${quoteIdentifier(grantee)}`,
  ];
  const root = `${quoteLiteral(sql)}::regclass`;
  const notes = [
    `select lakeloop.adopt(${root})`,
    ...(label === undefined ? [] : [noteTable(root, 'label', quoteLiteral(label))]),
    ...columns.map((column, index) => noteColumn(root, first + index, column)),
  ];
  return { sql: statements, notes, losses: [], inverse: { op: 'archive' } };
}

function describeTable({ label, description }: Extract<TableEdit, { op: 'describe' }>, shape: TableShape): CompiledEdit {
  const sql = description === undefined ? [] : [`comment on table ${shape.sql} is ${description === null ? 'null' : quoteLiteral(description)}`];
  const notes = label === undefined ? [] : [noteTable(rootOf(shape), 'label', label === null ? 'null' : quoteLiteral(label))];
  const inverse: TableEdit = {
    op: 'describe',
    ...(label === undefined ? {} : { label: shape.label }),
    ...(description === undefined ? {} : { description: shape.description }),
  };
  return { sql, notes, losses: [], inverse };
}

/** The order in which columns are shown; PostgreSQL's own never changes. */
function reorder(columns: readonly string[], shape: TableShape): CompiledEdit {
  for (const name of columns) found(shape, name);
  const list = `array[${columns.map((name) => quoteLiteral(name)).join(', ')}]::name[]`;
  return {
    sql: [],
    notes: [noteTable(rootOf(shape), 'column_order', list)],
    losses: [],
    inverse: { op: 'reorder', columns: shape.columns.map(({ spec }) => spec.name) },
  };
}

/** Of changes from before that, none are kept; the setting is taken back, what was deleted meanwhile is not. */
function keepHistory(keep: string | null, shape: TableShape): CompiledEdit {
  if (!shape.adopted) throw wrongState(shape, 'has no history: it is not adopted');
  const period = keep === null ? 'null' : quoteLiteral(keep);
  return {
    sql: [],
    notes: [`select lakeloop.keep_history(${shape.oid}::oid::regclass, ${period})`],
    losses: [],
    inverse: { op: 'keep-history', keep: shape.keep },
  };
}

/** Out of sight and out of the row API, with its rows, grants and history. */
function archive(shape: TableShape): CompiledEdit {
  if (shape.archivedFrom !== null) throw wrongState(shape, 'is archived already');
  return {
    sql: [`alter table ${shape.sql} set schema lakeloop_archive`],
    notes: [noteTable(rootOf(shape), 'archived_from', quoteLiteral(shape.schema))],
    losses: [],
    inverse: { op: 'restore' },
  };
}

function restore(shape: TableShape): CompiledEdit {
  if (shape.archivedFrom === null) throw wrongState(shape, 'is not archived');
  return {
    sql: [`alter table ${shape.sql} set schema ${quoteIdentifier(shape.archivedFrom)}`],
    notes: [noteTable(rootOf(shape), 'archived_from', 'null')],
    losses: [],
    inverse: { op: 'archive' },
  };
}

function addColumn({ column, kept }: Extract<TableEdit, { op: 'add-column' }>, shape: TableShape, targets: Targets): CompiledEdit {
  if (shape.columns.some(({ spec }) => spec.name === column.name)) throw invalid(column.name, 'is there already');
  if (column.type === 'file' && !shape.adopted) throw invalid(column.name, 'would hold files, which only an adopted table does');
  const { required, ...optional } = column;
  // What is kept is put back before anything is required of it.
  const fill = kept === undefined ? [] : [restoreKept(shape, column, kept)];
  const needed = required === true && column.default === undefined && kept === undefined;
  const name = quoteIdentifier(column.name);
  return {
    sql: [
      ...patternProbe(column),
      `alter table ${shape.sql} add column ${columnSql(required && kept === undefined ? column : optional, targets)}`,
      ...fill,
      ...(required && kept !== undefined ? [`alter table ${shape.sql} alter column ${name} set not null`] : []),
      ...constraintsNamed(column, shape.nextAttnum, targets).map((constraint) => `alter table ${shape.sql} add ${constraint}`),
      ...commentOn(shape.sql, column.name, column.description),
    ],
    notes: [noteColumn(rootOf(shape), shape.nextAttnum, column), ...(column.type === 'file' ? [`select lakeloop.attach_files(${rootOf(shape)})`] : [])],
    losses: needed ? [{ what: `rows would have no ${column.name}, which is required and has no default`, condition: 'true', refuses: true }] : [],
    inverse: { op: 'drop-column', column: column.name },
  };
}

/** The values stay in a table of their own, by primary key, so that the column can come back: readers pass while they are copied, and writers wait, for what they wrote would be lost. */
function dropColumn({ spec, system, attnum }: ShapeColumn, shape: TableShape): CompiledEdit {
  if (shape.key.includes(spec.name)) throw invalid(spec.name, 'is part of the key');
  if (system && (SYSTEM_COLUMNS as readonly string[]).includes(spec.name)) throw invalid(spec.name, 'is kept by Lakeloop');
  const kept = `${shape.oid}_${attnum}`;
  const column = quoteIdentifier(spec.name);
  const canKeep = shape.key.length > 0;
  const lock = `lock table ${shape.sql} in share row exclusive mode`;
  const keep = `create table lakeloop_dropped.${quoteIdentifier(kept)} as select ${shape.key.map(quoteIdentifier).join(', ')}, ${column} as "lakeloop:value" from ${shape.sql} where ${column} is not null`;
  return {
    sql: [...(canKeep ? [lock, keep] : []), `alter table ${shape.sql} drop column ${column}`],
    notes: [`delete from lakeloop.column_note where root = ${rootOf(shape)} and attnum = ${attnum}`],
    losses: [
      { what: `values of ${spec.name}${canKeep ? ', kept aside until the edit is taken back' : ''}`, condition: `t.${column} is not null`, refuses: false },
    ],
    inverse: canKeep && spec.type !== null ? { op: 'add-column', column: spec, kept } : null,
  };
}

function restoreKept(shape: TableShape, { name }: ColumnSpec, kept: string): string {
  const same = shape.key.map((column) => `t.${quoteIdentifier(column)} = k.${quoteIdentifier(column)}`).join(' and ');
  return `update ${shape.sql} t set ${quoteIdentifier(name)} = k."lakeloop:value" from lakeloop_dropped.${quoteIdentifier(kept)} k where ${same}`;
}

function found(shape: TableShape, name: string): ShapeColumn {
  const column = shape.columns.find(({ spec }) => spec.name === name);
  if (column) return column;
  throw new ProblemException(404, 'unknown-column', `${shape.schema}.${shape.name} has no column ${name}`, {
    columns: shape.columns.map(({ spec }) => spec.name),
  });
}

function wrongState({ schema, name, archivedFrom }: TableShape, what: string): ProblemException {
  return new ProblemException(409, 'conflict', `${archivedFrom ?? schema}.${name} ${what}`);
}
