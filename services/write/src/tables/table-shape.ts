import type pg from 'pg';
import type { ColumnSpec, TableDescription } from '#contracts/http/tables';
import { quoteTable } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';

/** A column as it is, and as its user asked for it. */
export interface ShapeColumn {
  attnum: number;
  /** From the note where there is one, else derived from the catalogue; facts of the catalogue always win. */
  spec: ColumnSpec;
  sqlType: string;
  /** Kept by Lakeloop, or computed. */
  system: boolean;
  /** Constraints on this column alone: kind → name. `lakeloop:<kind>:<attnum>` are ours. */
  constraints: Readonly<Record<string, string>>;
}

/** A table as the editor needs it. */
export interface TableShape {
  oid: string;
  schema: string;
  name: string;
  /** `"schema"."name"` */
  sql: string;
  label: string | null;
  description: string | null;
  archivedFrom: string | null;
  key: readonly string[];
  /** In the order in which they are shown. */
  columns: readonly ShapeColumn[];
  /** The number that the next column gets. */
  nextAttnum: number;
  adopted: boolean;
  /** How long history is kept, ISO 8601; null: for ever. */
  keep: string | null;
  rows: number | null;
  version: string | null;
  may: TableDescription['may'];
}

interface ShapeRow {
  oid: string;
  schema: string;
  name: string;
  label: string | null;
  description: string | null;
  archived_from: string | null;
  column_order: string[] | null;
  adopted: boolean;
  keep: string | null;
  rows: number;
  version: string | null;
  next_attnum: number;
  may: TableDescription['may'];
  key: string[];
  columns: {
    attnum: number;
    name: string;
    sqlType: string;
    notNull: boolean;
    generated: boolean;
    identity: boolean;
    system: boolean;
    description: string | null;
    spec: ColumnSpec | null;
    constraints: Record<string, string> | null;
    target: { schema: string; table: string; column: string } | null;
  }[];
}

/** Of the relations of exposed schemas, and the archive, of which the role may see any column, or which it may edit. */
const SHAPES = `
  select c.oid::text, n.nspname as schema, c.relname as name, t.label, obj_description(c.oid, 'pg_class') as description, t.archived_from, t.column_order,
    a.id is not null as adopted, (select r.keep from audit.retention r where r.adopted_id = a.id) as keep, c.reltuples::float8 as rows, (select max(e.id)::text from lakeloop.schema_edit e where e.root = c.oid) as version,
    (select max(x.attnum) + 1 from pg_attribute x where x.attrelid = c.oid) as next_attnum,
    json_build_object('select', has_any_column_privilege($1::name, c.oid, 'select'), 'insert', has_any_column_privilege($1::name, c.oid, 'insert'),
      'update', has_any_column_privilege($1::name, c.oid, 'update'), 'delete', has_table_privilege($1::name, c.oid, 'delete'),
      'edit', has_schema_privilege($1::name, coalesce(o.oid, n.oid), 'create')) as may,
    array(select x.attname::text from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, position) join pg_attribute x on x.attrelid = c.oid and x.attnum = k.attnum
      where i.indrelid = c.oid and i.indisprimary order by k.position) as key,
    (select json_agg(json_build_object('attnum', x.attnum, 'name', x.attname, 'sqlType', format_type(x.atttypid, x.atttypmod), 'notNull', x.attnotnull, 'generated', x.attgenerated <> '',
        'identity', x.attidentity <> '', 'system', x.attgenerated <> '' or exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgname = 'lakeloop_stamp')
          and x.attname in ('created_at', 'created_by', 'updated_at', 'updated_by'),
        'description', col_description(c.oid, x.attnum), 'spec', s.spec,
        'constraints', (select json_object_agg(case when split_part(k.conname, ':', 1) = 'lakeloop' then split_part(k.conname, ':', 2)
            else case k.contype when 'u' then 'unique' when 'f' then 'reference' else k.conname end end, k.conname)
          from pg_constraint k where k.conrelid = c.oid and k.conkey = array[x.attnum] and k.contype in ('c', 'u', 'f')),
        'target', (select json_build_object('schema', fn.nspname, 'table', f.relname, 'column', fa.attname)
          from pg_constraint k join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace join pg_attribute fa on fa.attrelid = f.oid and fa.attnum = k.confkey[1]
          where k.conrelid = c.oid and k.conkey = array[x.attnum] and k.contype = 'f' limit 1)) order by x.attnum)
     from pg_attribute x left join lakeloop.column_note s on s.root = c.oid and s.attnum = x.attnum
     where x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped and not starts_with(x.attname, 'lakeloop:') and (has_column_privilege($1::name, c.oid, x.attnum, 'select') or has_schema_privilege($1::name, coalesce(o.oid, n.oid), 'create'))) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join lakeloop.table_note t on t.root = c.oid left join lakeloop.adopted a on a.root = c.oid
  left join pg_namespace o on o.nspname = t.archived_from
  where c.relkind in ('r', 'p') and not c.relispartition and (n.nspname = any ($2) or n.nspname = 'lakeloop_archive' and t.archived_from = any ($2))
    and ($3::name is null or c.relname = $3 and coalesce(t.archived_from, n.nspname) = $4)
    and (has_any_column_privilege($1::name, c.oid, 'select') or has_schema_privilege($1::name, coalesce(o.oid, n.oid), 'create'))
  order by n.nspname, c.relname`;

export interface ShapeQuery {
  role: string;
  schemas: readonly string[];
}

/** Every table of the exposed schemas that the role may read, or edit; archived ones with the schema that they came from. */
export async function tableShapes(pool: Pick<pg.ClientBase, 'query'>, { role, schemas }: ShapeQuery): Promise<TableShape[]> {
  return (await pool.query<ShapeRow>(SHAPES, [role, schemas, null, null])).rows.map(shapeOf);
}

/** One table; 404 where there is none, or none that the role may read or edit. */
export async function tableShape(
  pool: Pick<pg.ClientBase, 'query'>,
  { role, schemas }: ShapeQuery,
  { schema, name }: { schema: string; name: string },
): Promise<TableShape> {
  const { rows } = await pool.query<ShapeRow>(SHAPES, [role, schemas, name, schema]);
  const [row] = rows;
  if (row) return shapeOf(row);
  throw new ProblemException(404, 'unknown-table', `there is no table ${schema}.${name} for the role ${role}`);
}

export function describe(shape: TableShape): TableDescription {
  const { schema, name, label, description, archivedFrom, key, columns, adopted, keep, rows, version, may } = shape;
  return {
    schema: archivedFrom ?? schema,
    name,
    label,
    description,
    key: [...key],
    columns: columns.map(({ spec, sqlType, system }) => ({ ...spec, sqlType, system })),
    adopted,
    archived: archivedFrom !== null,
    history: adopted ? { keep } : null,
    rows,
    version,
    may,
  };
}

function shapeOf(row: ShapeRow): TableShape {
  const {
    oid,
    schema,
    name,
    label,
    description,
    archived_from: archivedFrom,
    column_order: order,
    adopted,
    keep,
    rows,
    version,
    next_attnum: nextAttnum,
    may,
    key,
  } = row;
  const columns = (row.columns ?? []).map((column) => columnOf(column, key));
  const place = ({ spec }: ShapeColumn): number => {
    const at = order?.indexOf(spec.name) ?? -1;
    return at === -1 ? Infinity : at;
  };
  return {
    oid,
    schema,
    name,
    label,
    description,
    archivedFrom,
    key,
    nextAttnum,
    adopted,
    keep,
    version,
    may,
    sql: quoteTable({
      schema,
      name,
    }),
    columns: columns.toSorted((a, b) => (place(a) === place(b) ? a.attnum - b.attnum : place(a) - place(b))),
    rows: rows < 0 ? null : rows,
  };
}

function columnOf(
  { attnum, name, sqlType, notNull, identity, system, description, spec, constraints, target }: ShapeRow['columns'][number],
  key: readonly string[],
): ShapeColumn {
  const { references: _old, required: _required, unique: _unique, description: _description, ...noted } = spec ?? { name, type: typeOf(sqlType) };
  const facts: Partial<ColumnSpec> = {
    ...(notNull && !identity && !key.includes(name) ? { required: true } : {}),
    ...(constraints?.['unique'] === undefined ? {} : { unique: true }),
    ...(description === null ? {} : { description }),
    ...(target ? { references: target, type: 'reference' as const } : {}),
  };
  return { attnum, sqlType, system: system || identity, constraints: constraints ?? {}, spec: { ...noted, ...facts, name } };
}

/** What a column made by SQL is to a user; null: nothing that users make. */
function typeOf(sqlType: string): ColumnSpec['type'] {
  if (sqlType.startsWith('numeric')) return 'decimal';
  if (/^(character varying|character|text)/.test(sqlType)) return 'text';
  if (sqlType.startsWith('timestamp')) return 'timestamp';
  const same: Readonly<Record<string, ColumnSpec['type']>> = {
    bigint: 'integer',
    integer: 'integer',
    smallint: 'integer',
    'double precision': 'number',
    real: 'number',
    date: 'date',
    boolean: 'boolean',
    jsonb: 'json',
    json: 'json',
    uuid: 'uuid',
    'lakeloop.file': 'file',
  };
  return same[sqlType] ?? null;
}
