import { DBSQLParameter, DBSQLParameterType } from '@databricks/sql';
import { Failure } from '#libs/failure/failure';
import type { LakeType, LakeValue } from '../lake-type.ts';
import { sqlType } from './sql-types.ts';

export type Bound = Readonly<Record<string, DBSQLParameter>>;

const INT64 = 2n ** 63n;

/**
 * A value as a typed parameter. Without `type` the value decides: a whole number is BIGINT, one beyond 64 bits DECIMAL(38,0), text STRING. Binary values travel as base64 text
 * (the protocol has no binary parameter): `prepare` writes `unbase64(:name)` for them.
 */
export function parameterOf(value: LakeValue, type?: LakeType): DBSQLParameter {
  if (value === null) return new DBSQLParameter({ type: DBSQLParameterType.VOID, value: null });
  if (value instanceof Uint8Array) return new DBSQLParameter({ type: DBSQLParameterType.STRING, value: Buffer.from(value).toString('base64') });
  if (type !== undefined && type !== 'binary') return new DBSQLParameter({ type: (sqlType(type) ?? 'STRING') as DBSQLParameterType, value: String(value) });
  if (typeof value === 'boolean') return new DBSQLParameter({ type: DBSQLParameterType.BOOLEAN, value });
  if (typeof value === 'string') return new DBSQLParameter({ type: DBSQLParameterType.STRING, value });
  if (typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))) return wholeNumber(BigInt(value));
  return new DBSQLParameter({ type: DBSQLParameterType.DOUBLE, value: Object.is(value, -0) ? '-0.0' : String(value) });
}

function wholeNumber(value: bigint): DBSQLParameter {
  if (value >= -INT64 && value < INT64) return new DBSQLParameter({ type: DBSQLParameterType.BIGINT, value });
  const digits = (value < 0n ? -value : value).toString().length;
  if (digits > 38) throw new Failure('invalid-input', 'a whole number of more than 38 digits is no value of any type');
  return new DBSQLParameter({ type: 'DECIMAL(38,0)' as DBSQLParameterType, value: value.toString() });
}

/** What a scanner steps over: quoted names, texts, comments, casts. */
const TOKEN = /`(?:[^`]|``)*`|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([A-Za-z_]\w*)/g;

/** A statement with more parameters is refused by the warehouse (some say 255, some 256). */
const MOST_PARAMETERS = 250;
/** Values of one packed parameter: each of them is parsed out of its pack once, when the statement is planned. */
const PACK = 100;

/** SQL with named parameters, ready to be sent: binary ones decoded in place, only those that it names. One that is missing is an error here, not in the warehouse. */
export function prepare(sql: string, parameters: Readonly<Record<string, LakeValue>>): { sql: string; bound: Bound } {
  const names = new Set<string>();
  for (const [, name] of sql.matchAll(TOKEN)) if (name !== undefined) names.add(name);
  const bound: Record<string, DBSQLParameter> = {};
  for (const name of names) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) throw new Failure('invalid-input', `the statement has a parameter :${name} without a value`);
    bound[name] = parameterOf(value);
  }
  const packed = names.size > MOST_PARAMETERS ? pack(bound) : undefined;
  const text = sql.replaceAll(TOKEN, (whole: string, name: string | undefined) => {
    if (name === undefined) return whole;
    const place = packed?.places.get(name) ?? whole;
    return parameters[name] instanceof Uint8Array ? `unbase64(${place})` : place;
  });
  return { sql: text, bound: packed?.bound ?? bound };
}

/** Many parameters as few: each of those is a JSON array of texts, and a value is its element, cast to the type that it would have been sent with. */
function pack(all: Bound): { bound: Bound; places: ReadonlyMap<string, string> } {
  const bound: Record<string, DBSQLParameter> = {};
  const places = new Map<string, string>();
  const entries = Object.entries(all);
  for (let at = 0; at < entries.length; at += PACK) {
    const group = entries.slice(at, at + PACK);
    const name = `lakeloop_pack_${at / PACK}`;
    bound[name] = parameterOf(JSON.stringify(group.map(([, { value }]) => (value === null || value === undefined ? null : String(value)))));
    for (const [index, [item, { type, value }]] of group.entries())
      places.set(item, value === null || value === undefined ? 'NULL' : `cast(from_json(:${name}, 'array<string>')[${index}] as ${type ?? 'STRING'})`);
  }
  return { bound, places };
}
