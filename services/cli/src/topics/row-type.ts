/** A column as the catalogue has it; of an array, its element. */
export interface TypedColumn {
  name: string;
  /** Base type's name in `pg_type`: `int4`, `timestamptz`, … */
  type: string;
  /** Type modifier of the base, -1 for none. */
  modifier: number;
  array: boolean;
  nullable: boolean;
  /** Labels of an enum. */
  labels: readonly string[];
}

/** JSON Schema of the values that the envelope has for a type. */
type Schema = Readonly<Record<string, unknown>>;

const INTEGER: Schema = { type: 'integer' };
const FLOAT: Schema = { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] };
const POINT: Schema = {
  type: 'object',
  properties: { x: { type: 'number' }, y: { type: 'number' }, wkb: { type: 'string' }, srid: { type: 'null' } },
  required: ['x', 'y', 'wkb', 'srid'],
};
const SCHEMAS: Readonly<Record<string, Schema>> = {
  int2: INTEGER,
  int4: INTEGER,
  int8: { ...INTEGER, format: 'int64' },
  oid: INTEGER,
  float4: FLOAT,
  float8: FLOAT,
  bool: { type: 'boolean' },
  point: POINT,
  bytea: { type: 'string', contentEncoding: 'base64' },
};

/** JSON Schema of a row (`before`, `after`) of these columns. */
export function rowSchema(table: string, columns: readonly TypedColumn[]): unknown {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: table,
    type: 'object',
    properties: Object.fromEntries(columns.map((column) => [column.name, orNull(column.nullable, columnSchema(column))])),
    required: columns.map(({ name }) => name),
  };
}

/** TypeScript interface of a row of these columns. */
export function rowInterface(table: string, columns: readonly TypedColumn[]): string {
  const lines = columns.map((column) => `  ${JSON.stringify(column.name)}: ${typeOf(column)}${column.nullable ? ' | null' : ''};`);
  return [`/** A row of ${table} as its change topic has it (docs/cdc.md). */`, `export interface ${pascal(table)} {`, ...lines, '}'].join('\n');
}

function columnSchema(column: TypedColumn): Schema {
  const { array, ...element } = column;
  // Any number of dimensions: elements of elements are not described further.
  if (array) return { type: 'array', items: { anyOf: [columnSchema({ ...element, array: false }), { type: 'null' }, { type: 'array' }] } };
  if (column.labels.length > 0) return { enum: column.labels };
  if ((column.type === 'bit' || column.type === 'varbit') && column.modifier === 1) return { type: 'boolean' };
  return SCHEMAS[column.type] ?? { type: 'string' };
}

function orNull(nullable: boolean, schema: Schema): Schema {
  return nullable ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function typeOf(column: TypedColumn): string {
  if (column.array) return `(${typeOf({ ...column, array: false })} | null)[]`;
  if (column.labels.length > 0) return column.labels.map((label) => JSON.stringify(label)).join(' | ');
  const schema = columnSchema(column);
  if (schema === FLOAT) return `number | 'NaN' | 'Infinity' | '-Infinity'`;
  if (schema === POINT) return '{ x: number; y: number; wkb: string; srid: null }';
  if (schema['type'] === 'integer') return column.type === 'int8' ? 'number | bigint' : 'number';
  return String(schema['type']);
}

function pascal(table: string): string {
  const words = table.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^\p{L}/u.test(name) ? name : `T${name}`;
}
