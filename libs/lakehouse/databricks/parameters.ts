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

/** SQL with named parameters, ready to be sent: binary ones decoded in place, only those that it names. One that is missing is an error here, not in the warehouse. */
export function prepare(sql: string, parameters: Readonly<Record<string, LakeValue>>): { sql: string; bound: Bound } {
  const bound: Record<string, DBSQLParameter> = {};
  const text = sql.replaceAll(TOKEN, (whole: string, name: string | undefined) => {
    if (name === undefined) return whole;
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) throw new Failure('invalid-input', `the statement has a parameter :${name} without a value`);
    bound[name] = parameterOf(value);
    return value instanceof Uint8Array ? `unbase64(:${name})` : whole;
  });
  return { sql: text, bound };
}
