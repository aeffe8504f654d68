import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import type { Field, ShapeType } from './column-plan.ts';

export interface TransformInput {
  /** Staged file, as stage-line.ts writes it. */
  path: string;
  partition: number;
  fields: readonly Field[];
  /** Bytes of the longest line. */
  longestLine: number;
}

/**
 * DuckDB's query that turns staged changes into rows of the history table. Every value is read as its text, so that no digit passes through a double, and
 * cast where its column has another type. What the type can't hold (infinity, years outside 1 to 9999, NaN in a decimal, a value from before a change of
 * type) is null, and stands in `_unrepresentable` as the topic has it.
 */
export function transformSql({ path, partition, fields, longestLine }: TransformInput): string {
  const struct = fields.length === 0 ? 'VARCHAR' : `STRUCT(${fields.map(({ source }) => `${quote(source)} VARCHAR`).join(', ')})`;
  const envelope = { o: 'BIGINT', c: 'VARCHAR', m: 'BIGINT', l: 'BIGINT', n: 'BIGINT', a: 'VARCHAR', t: 'VARCHAR', r: struct };
  const reads = Object.entries(envelope)
    .map(([name, type]) => `"${name}": ${text(type)}`)
    .join(', ');
  const typed = fields.map((field) => ({ field, raw: raw(field), value: cast(raw(field), field.type) }));
  const bad = typed
    .filter(({ field }) => field.type !== 'string')
    .map(
      ({ field, raw: from, value }) =>
        `case when ${from} is not null and ${from} <> ${text(UNAVAILABLE_VALUE)} and ${value} is null then ${text(`${JSON.stringify(field.source)}:`)} || to_json(${from})::VARCHAR end`,
    );
  const unchanged = typed
    .filter(({ field }) => TOASTABLE.has(field.type))
    .map(({ field, raw: from }) => `case when ${from} = ${text(UNAVAILABLE_VALUE)} then ${text(JSON.stringify(field.column))} end`);
  const items = [
    ...typed.map(({ field, value }) => `${value} as ${quote(field.column)}`),
    `staged.c as "_change_type", staged.l as "_commit_lsn", staged.n as "_ordinal", make_timestamptz(staged.m) as "_commit_time", staged.a as "_actor", staged.t as "_trace_id", ${partition}::INTEGER as "_partition", staged.o as "_offset"`,
    `${listed(unchanged, '[', ']')} as "_unchanged"`,
    `${listed(bad, '{', '}')} as "_unrepresentable"`,
  ];
  const size = Math.max(1_048_576, longestLine * 2);
  return `select ${items.join(', ')} from read_json(${text(path)}, format = 'newline_delimited', maximum_object_size = ${size}, columns = {${reads}}) as staged`;
}

const TOASTABLE = new Set<unknown>(['string', 'binary']);

function raw({ source }: Field): string {
  return `staged.r.${quote(source)}`;
}

function cast(value: string, type: ShapeType): string {
  if (typeof type === 'object') {
    const decimal = `try_cast(${value} as DECIMAL(${type.decimal.precision},${type.decimal.scale}))`;
    // A cast to fewer digits rounds: only what says the same again is the value.
    return `case when ${plain(`${decimal}::VARCHAR`)} = ${plain(value)} then ${decimal} end`;
  }
  switch (type) {
    case 'string':
      return `nullif(${value}, ${text(UNAVAILABLE_VALUE)})`;
    case 'binary':
      return `try(from_base64(nullif(${value}, ${text(UNAVAILABLE_VALUE)})))`;
    case 'date':
      return `case when ${inYears(value)} then try_cast(rtrim(${value}, 'Z') as DATE) end`;
    case 'timestamp_ntz':
      return `case when ${inYears(value)} then try_cast(rtrim(${value}, 'Z') as TIMESTAMP) end`;
    case 'timestamp':
      return `case when ${inYears(value)} then try_cast(${value} as TIMESTAMPTZ) end`;
    default:
      return `try_cast(${value} as ${NAMES[type]})`;
  }
}

const NAMES = { long: 'BIGINT', integer: 'INTEGER', short: 'SMALLINT', float: 'FLOAT', double: 'DOUBLE', boolean: 'BOOLEAN' } as const;

/** Digits without zeros that say nothing. */
function plain(digits: string): string {
  return `case when contains(${digits}, '.') then rtrim(rtrim(${digits}, '0'), '.') else ${digits} end`;
}

/** Years 1 to 9999: what every reader of the format has. Others come with a sign, or as 0000 for 1 BC. */
function inYears(value: string): string {
  return `${value}[5] = '-' and ${value}[1] between '0' and '9' and ${value}[1:4] <> '0000'`;
}

function listed(items: readonly string[], open: string, close: string): string {
  if (items.length === 0) return 'null::VARCHAR';
  return `nullif(${text(open)} || concat_ws(',', ${items.join(', ')}) || ${text(close)}, ${text(open + close)})`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
