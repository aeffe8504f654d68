/** Swagger's type and format of a PostgreSQL type (OpenAPI 2.0, "Data Types"); JSON may be anything. */
export interface SwaggerType {
  type?: string;
  format?: string;
  items?: { type?: string };
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'number',
  real: 'number',
  'double precision': 'number',
};
const FORMATS: Readonly<Record<string, string>> = { smallint: 'int32', integer: 'int32', bigint: 'int64' };

/** `display` is the type as `format_type` spells it. */
export function swaggerType(display: string): SwaggerType {
  const type = typeOf(display);
  const format = FORMATS[display] ?? display;
  if (type === undefined) return { format };
  const item = type === 'array' ? typeOf(display.slice(0, -2)) : undefined;
  return { type, format, ...(type === 'array' ? { items: item === undefined ? {} : { type: item } } : {}) };
}

function typeOf(display: string): string | undefined {
  if (display === 'json' || display === 'jsonb') return undefined;
  return TYPES[display] ?? (display.endsWith('[]') ? 'array' : 'string');
}

/** A default as a value where it is one: text without its quotes and cast, a number or a boolean; else undefined for what is no string. */
export function swaggerDefault(display: string, sql: string): unknown {
  if (typeOf(display) === 'string') {
    const bare = sql.endsWith(`::${display}`) ? sql.slice(0, -display.length - 2).replaceAll(/^'+|'+$/g, '') : sql;
    return bare;
  }
  try {
    return JSON.parse(sql) as unknown;
  } catch {
    return undefined;
  }
}
