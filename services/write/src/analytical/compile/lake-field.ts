import type { LakeType } from '#libs/lakehouse/lake-type';
import type { Field, JsonStep } from '../../rows/query/row-query.ts';
import type { AnalyticalColumn } from '../lake-column.ts';
import { unsupported } from '../refusals.ts';
import type { LakeScope } from './lake-scope.ts';

/** An expression and the PostgreSQL type that its values stand for. */
export interface LakeExpression {
  sql: string;
  pg: string;
  lake: LakeType;
  decimal?: AnalyticalColumn['decimal'];
}

/** A column, or a place inside a JSON column. Keys are bound. */
export function compileLakeField(scope: LakeScope, { column: name, path }: Field): LakeExpression {
  const { pg, lake, decimal } = scope.column(name);
  const sql = scope.quoted(name);
  if (path.length === 0) return { sql, pg, lake, ...(decimal ? { decimal } : {}) };
  if (pg !== 'json' && pg !== 'jsonb') throw unsupported(`column ${name} of the lakehouse holds no JSON`);
  return { sql: jsonPlace(scope, sql, lake, path), ...(path.at(-1)?.asText ? { pg: 'text', lake: 'string' } : { pg: 'json', lake: { other: 'json' } }) };
}

function jsonPlace(scope: LakeScope, sql: string, lake: LakeType, path: readonly JsonStep[]): string {
  if (path.slice(0, -1).some(({ asText }) => asText)) throw unsupported('->> stands at the end of a path');
  const route = scope.bind(`$${path.map(({ key }) => stepText(key, scope)).join('')}`);
  const asText = path.at(-1)?.asText ?? false;
  if (scope.dialect === 'duckdb') {
    const json = lake === 'string' ? `cast(${sql} as json)` : `to_json(${sql})`;
    return asText ? `json_extract_string(${json}, ${route})` : `cast(json_extract(${json}, ${route}) as json)`;
  }
  if (!asText) throw unsupported('-> at the end of a path', 'End it with ->> to have the text.');
  return `get_json_object(${lake === 'string' ? sql : `to_json(${sql})`}, ${route})`;
}

function stepText(key: string | number, { dialect }: LakeScope): string {
  if (typeof key === 'number') {
    if (key >= 0) return `[${key}]`;
    if (dialect === 'duckdb') return `[#-${-key}]`;
    throw unsupported('a place counted from the end of a JSON array');
  }
  if (dialect === 'duckdb') return `."${key.replaceAll('"', '\\"')}"`;
  if (key === '*' || /['\]?]/.test(key)) throw unsupported('a JSON key that holds a quote, a bracket or a question mark, or is an asterisk');
  return `['${key}']`;
}
