import type { LakeDialect } from '../lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';

export interface CurrentInput {
  dialect: LakeDialect;
  /** FROM items: the history table, and the base table or undefined while there is none. */
  history: string;
  base: string | undefined;
  /** The row's own columns, as the history has them, and those of the base, which may be behind. */
  columns: readonly LakeColumn[];
  baseColumns: readonly LakeColumn[];
  key: readonly string[];
}

/**
 * The current rows as a parenthesised query: the base, where no newer change touched the row, and the newest state of every row that one did.
 *
 * The base holds the effect of every change up to its own highest offset of a partition, and maybe of some later ones. Changes above that offset are applied
 * again; since the newest change of a row wins, applying one twice changes nothing, and so no bound has to be kept beside the data.
 */
export function currentSql(input: CurrentInput): string {
  const { columns, base, baseColumns, key } = input;
  const q = quoting(input.dialect);
  const names = columns.map(({ name }) => q(name)).join(', ');
  const fresh = `select ${names} from settled where not ${q('_deleted')}`;
  if (base === undefined) return `(${withSettled(input)} ${fresh})`;
  const has = new Set(baseColumns.map(({ name }) => name));
  const old = columns.map(({ name, type }) => (has.has(name) ? `b.${q(name)}` : `cast(null as ${castName(type, input.dialect)}) as ${q(name)}`)).join(', ');
  const same = key.map((name) => `b.${q(name)} = s.${q(name)}`).join(' and ');
  const kept = `select ${old} from ${base} b cross join truncated t where not exists (select 1 from settled s where ${same}) and ${afterTruncate(input.dialect, 'b')}`;
  return `(${withSettled(input)} ${fresh} union all ${kept})`;
}

/** What a compaction merges into the base: every row that changed since, with the position of its last change and `_deleted`. */
export function compactionSql(input: CurrentInput): string {
  const { columns, base, baseColumns, key } = input;
  const q = quoting(input.dialect);
  const position = POSITION.map(q).join(', ');
  const names = columns.map(({ name }) => q(name)).join(', ');
  const changed = `select ${names}, ${position}, ${q('_deleted')} from settled`;
  if (base === undefined) return `${withSettled(input)} ${changed}`;
  const has = new Set(baseColumns.map(({ name }) => name));
  const old = columns.map(({ name, type }) => (has.has(name) ? `b.${q(name)}` : `cast(null as ${castName(type, input.dialect)}) as ${q(name)}`)).join(', ');
  const same = key.map((name) => `b.${q(name)} = s.${q(name)}`).join(' and ');
  const gone = `select ${old}, ${POSITION.map((name) => `b.${q(name)}`).join(', ')}, true as ${q('_deleted')} from ${base} b cross join truncated t where not exists (select 1 from settled s where ${same}) and not ${afterTruncate(input.dialect, 'b')}`;
  return `${withSettled(input)} ${changed} union all ${gone}`;
}

const POSITION = ['_commit_lsn', '_ordinal', '_partition', '_offset'];
const TOASTABLE = new Set<unknown>(['string', 'binary']);
type Quote = (name: string) => string;

/** CTEs: `newer`, changes above the base; `truncated`, the position of the last truncate; `settled`, one row a key with its newest state. */
function withSettled({ dialect, history, base, baseColumns, columns, key }: CurrentInput): string {
  const q = quoting(dialect);
  const bound =
    base === undefined
      ? ''
      : ` left join (select ${q('_partition')} as p, max(${q('_offset')}) as o from ${base} group by 1) m on h.${q('_partition')} = m.p where h.${q('_offset')} > coalesce(m.o, -1)`;
  const order = pair(dialect, q('_commit_lsn'), q('_ordinal'));
  const truncated = `select max(${order}) as _lakeloop_truncated from newer where ${q('_change_type')} = 'truncate'`;
  const keys = key.map(q);
  const has = new Set(baseColumns.map(({ name }) => name));
  const state = columns
    .filter(({ name }) => !key.includes(name))
    .map(({ name, type }) => {
      const item = boxed(dialect, q(name));
      if (!TOASTABLE.has(type)) return `max_by(${item}, ${order}) as ${q(name)}`;
      // A value that the newest change did not touch and the log does not hold is that of the change before, or the base's.
      const touched = `not coalesce(contains(${q('_unchanged')}, ${text(dialect, JSON.stringify(name))}), false)`;
      return `max_by(${item}, ${order}) filter (where ${touched}) as ${q(name)}`;
    });
  const grouped = `select ${[...keys, ...state, `max_by(${q('_change_type')}, ${order}) as ${q('_change_type')}`, ...POSITION.map((name) => `max_by(${q(name)}, ${order}) as ${q(name)}`)].join(', ')} from newer n cross join truncated t where ${q('_change_type')} <> 'truncate' and ${afterTruncate(dialect, 'n')} group by ${keys.join(', ')}`;
  const unboxed = columns.map(({ name, type }) => {
    if (key.includes(name)) return `g.${q(name)}`;
    const value = `g.${q(name)}.v`;
    if (base === undefined || !TOASTABLE.has(type) || !has.has(name)) return `${value} as ${q(name)}`;
    return `case when g.${q(name)} is null then b.${q(name)} else ${value} end as ${q(name)}`;
  });
  const join = base === undefined ? '' : ` left join ${base} b on ${key.map((name) => `g.${q(name)} = b.${q(name)}`).join(' and ')}`;
  const settled = `select ${[...unboxed, ...POSITION.map((name) => `g.${q(name)}`), `g.${q('_change_type')} = 'delete' as ${q('_deleted')}`].join(', ')} from grouped g${join}`;
  return `with newer as (select h.* from ${history} h${bound}), truncated as (${truncated}), grouped as (${grouped}), settled as (${settled})`;
}

function afterTruncate(dialect: LakeDialect, alias: string): string {
  const q = quoting(dialect);
  return `(t._lakeloop_truncated is null or ${pair(dialect, `${alias}.${q('_commit_lsn')}`, `${alias}.${q('_ordinal')}`)} > t._lakeloop_truncated)`;
}

/** An ordered pair. */
function pair(dialect: LakeDialect, first: string, second: string): string {
  return dialect === 'duckdb' ? `row(${first}, ${second})` : `struct(${first}, ${second})`;
}

/** max_by passes over nulls: a value in a struct of its own is none. */
function boxed(dialect: LakeDialect, value: string): string {
  return dialect === 'duckdb' ? `struct_pack(v := ${value})` : `named_struct('v', ${value})`;
}

function quoting(dialect: LakeDialect): Quote {
  return dialect === 'duckdb' ? (name) => `"${name.replaceAll('"', '""')}"` : (name) => `\`${name.replaceAll('`', '``')}\``;
}

/** On Databricks a backslash escapes, and two quotes are one or none by the runtime's version. */
function text(dialect: LakeDialect, value: string): string {
  return dialect === 'duckdb' ? `'${value.replaceAll("'", "''")}'` : `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
}

function castName(type: LakeColumn['type'], dialect: LakeDialect): string {
  if (typeof type !== 'string') return 'decimal' in type ? `decimal(${type.decimal.precision},${type.decimal.scale})` : 'string';
  const names: Readonly<Record<string, string>> =
    dialect === 'duckdb'
      ? { string: 'varchar', long: 'bigint', short: 'smallint', byte: 'tinyint', binary: 'blob', timestamp: 'timestamptz', timestamp_ntz: 'timestamp' }
      : { long: 'bigint', integer: 'int', short: 'smallint', byte: 'tinyint' };
  return names[type] ?? type;
}
