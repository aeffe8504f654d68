import type { LakeDialect } from '../lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';
import { Names, TOASTABLE } from './names.ts';

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

/** Changes of one partition that are merged together: offsets from `from` to before `to`. The base has those before `from`, and none from there on. */
export interface Slice {
  partition: number;
  from: bigint;
  to: bigint;
}
/** The order of changes: LSN of the commit, index in the transaction. */
export interface Position {
  lsn: bigint;
  ordinal: bigint;
}

/**
 * The current rows as a parenthesised query: the base, where no newer change touched the row, and the newest state of every row that one did.
 *
 * `above`: the highest offset of each partition that rows of the base have; without it the query finds them itself, and can skip none of the history's files.
 * The base holds the effect of every change up to there, and maybe of some later ones. Changes above are applied again; since the newest change of a row
 * wins, applying one twice changes nothing, and so no bound has to be kept beside the data.
 */
export function currentSql(input: CurrentInput, above?: ReadonlyMap<number, bigint>): string {
  const { columns, base, baseColumns, key, history, dialect } = input;
  const names = new Names(dialect);
  const q = names.quote;
  const newer = base === undefined ? `${history} h` : above === undefined ? beyondBase(names, history, base) : beyondOffsets(names, history, above);
  // A truncate also ends rows of other partitions, whose changes from before it may come later: all of the history is asked for it.
  const truncated = `select max(${names.position()}) as _lakeloop_truncated from ${history} where ${q('_change_type')} = 'truncate'`;
  const alive = `select h.* from ${newer} where h.${q('_change_type')} <> 'truncate' and ${afterTruncate(names, 'h')}`;
  const fresh = `select ${names.list(columns)} from settled where not ${q('_deleted')}`;
  const open = `(with truncated as (${truncated}), ${settled(input, alive)}`;
  if (base === undefined) return `${open} ${fresh})`;
  const kept = `select ${names.padded(columns, baseColumns, 'b')} from ${base} b where not exists (select 1 from newest s where ${names.same(key, 'b', 's')}) and ${afterTruncate(names, 'b')}`;
  return `${open} ${fresh} union all ${kept})`;
}

/** What is asked of the history before a slice of it is merged. */
export interface SliceFacts {
  /** Of the history's last truncate (`lastTruncateSql`); it ends rows of every partition, also in changes from before it that come later. */
  truncated: Position | undefined;
  /** Whether an update in the slice left a large value alone that the log does not hold (`lackingSql`). */
  lacking: boolean;
}

/** What a slice of changes makes of the base: every row that changed, with the position of its last change and `_deleted`. The base is read only where the facts want it. */
export function compactionSql(input: CurrentInput & { base: string }, slice: Slice, { truncated, lacking }: SliceFacts): string {
  const { columns, base, baseColumns, key, history, dialect } = input;
  const names = new Names(dialect);
  const q = names.quote;
  const ended = truncated && names.pair(`cast(${truncated.lsn} as bigint)`, `cast(${truncated.ordinal} as bigint)`);
  const alive = `select h.* from ${history} h where ${within(names, slice)} and h.${q('_change_type')} <> 'truncate'${ended === undefined ? '' : ` and ${names.position('h')} > ${ended}`}`;
  const position = names.list(POSITION);
  const changed = `with ${settled(input, alive, lacking)} select ${names.list(columns)}, ${position}, ${q('_deleted')} from settled`;
  if (ended === undefined) return changed;
  const old = `${names.padded(columns, baseColumns, 'b')}, ${names.list(POSITION, 'b')}, true as ${q('_deleted')}`;
  return `${changed} union all select ${old} from ${base} b where not exists (select 1 from newest s where ${names.same(key, 'b', 's')}) and not ${names.position('b')} > ${ended}`;
}

/** A query of LSN and ordinal of the history's last truncate; no row when there was none. It looks at all of the history. */
export function lastTruncateSql(dialect: LakeDialect, history: string): string {
  const { quote: q } = new Names(dialect);
  const [lsn, ordinal] = [q('_commit_lsn'), q('_ordinal')];
  return `select ${lsn}, ${ordinal} from ${history} h where ${q('_change_type')} = 'truncate' order by ${lsn} desc, ${ordinal} desc limit 1`;
}

/** A query of one row where the slice has such a change, else of none. */
export function lackingSql(dialect: LakeDialect, history: string, slice: Slice): string {
  const names = new Names(dialect);
  return `select 1 as one from ${history} h where ${within(names, slice)} and ${names.quote('_unchanged')} is not null limit 1`;
}

function within({ quote: q }: Names, { partition, from, to }: Slice): string {
  return `h.${q('_partition')} = ${partition} and h.${q('_offset')} >= ${from} and h.${q('_offset')} < ${to}`;
}

const POSITION = ['_commit_lsn', '_ordinal', '_partition', '_offset'].map((name) => ({ name }));

/**
 * CTEs over the changes that count: `newest`, each key with the place of its last one; `settled`, one row a key with its newest state. Only the rows of the
 * newest changes are carried on: aggregating every column instead takes eight times as long, and several times the memory. `lacks`: whether there are
 * values that the log does not hold.
 */
function settled({ dialect, base, baseColumns, columns, key }: CurrentInput, alive: string, lacks = true): string {
  const names = new Names(dialect);
  const q = names.quote;
  const keys = names.list(key.map((name) => ({ name })));
  const large = lacks ? columns.filter(({ name, type }) => TOASTABLE.has(type) && !key.includes(name)) : [];
  const ctes = [
    `alive as (${alive})`,
    `newest as (select ${keys}, max(${names.place()}) as _lakeloop_newest from alive group by ${keys})`,
    `latest as (select n.* from alive n join newest w on ${names.same(key, 'n', 'w')} and ${names.place('n')} = w._lakeloop_newest)`,
  ];
  const has = new Set(baseColumns.map(({ name }) => name));
  const based = base === undefined ? [] : large.filter(({ name }) => has.has(name));
  // A value that the newest change did not touch and the log does not hold is that of the change before, or the base's. Few rows have one: DuckDB looks
  // them up by a join, where it would build a table of all the base for an `exists`.
  const lacking = (relation: string, alias: string): string =>
    `(select ${keys} from latest where ${q('_unchanged')} is not null) l join ${relation} ${alias} on ${names.same(key, alias, 'l')}`;
  const untouched = (alias: string, name: string): string => `coalesce(contains(${alias}.${q('_unchanged')}, ${names.text(JSON.stringify(name))}), false)`;
  if (large.length > 0) {
    const touched = large.map(
      ({ name }) => `max_by(${names.boxed(`n.${q(name)}`)}, ${names.place('n')}) filter (where not ${untouched('n', name)}) as ${q(name)}`,
    );
    const grouped = key.map((name) => `n.${q(name)}`).join(', ');
    ctes.push(`touched as (select ${[grouped, ...touched].join(', ')} from ${lacking('alive', 'n')} group by ${grouped})`);
  }
  if (based.length > 0) ctes.push(`before as (select ${names.list([...key.map((name) => ({ name })), ...based], 'b')} from ${lacking(base ?? '', 'b')})`);
  const values = columns.map((column) => {
    const { name } = column;
    if (!large.includes(column)) return `l.${q(name)}`;
    const earlier = based.includes(column) ? `b.${q(name)}` : names.missing(column);
    return `case when not ${untouched('l', name)} then l.${q(name)} when u.${q(name)} is not null then u.${q(name)}.v else ${earlier} end as ${q(name)}`;
  });
  const joins = [
    ...(large.length > 0 ? [` left join touched u on ${names.same(key, 'u', 'l')}`] : []),
    ...(based.length > 0 ? [` left join before b on ${names.same(key, 'b', 'l')}`] : []),
  ];
  const items = [...values, names.list(POSITION, 'l'), `l.${q('_change_type')} = 'delete' as ${q('_deleted')}`].join(', ');
  return [...ctes, `settled as (select ${items} from latest l${joins.join('')})`].join(', ');
}

/** Changes above the base as a FROM item `h`. */
function beyondBase({ quote: q }: Names, history: string, base: string): string {
  const [partition, offset] = [q('_partition'), q('_offset')];
  const bounds = `select ${partition} as p, max(${offset}) as o from ${base} group by ${partition}`;
  return `(select h.* from ${history} h left join (${bounds}) m on h.${partition} = m.p where h.${offset} > coalesce(m.o, -1)) h`;
}

/** The same above offsets that are known: the lowest stands by itself, and partitions beyond the last apart, so that files and row groups are skipped. */
function beyondOffsets({ quote: q }: Names, history: string, above: ReadonlyMap<number, bigint>): string {
  const [partition, offset] = [q('_partition'), q('_offset')];
  const last = Math.max(-1, ...above.keys());
  const bounds = Array.from({ length: last + 1 }, (_, number) => above.get(number) ?? -1n);
  const lowest = bounds.reduce((least, bound) => (bound < least ? bound : least), bounds[0] ?? -1n);
  const cases = bounds.map((bound, number) => `when ${number} then h.${offset} > ${bound}`);
  const each = cases.length < 2 ? '' : ` and case h.${partition} ${cases.join(' ')} end`;
  const known = `select h.* from ${history} h where h.${partition} <= ${last} and h.${offset} > ${lowest}${each}`;
  return `(${known} union all select h.* from ${history} h where h.${partition} > ${last}) h`;
}

function afterTruncate(names: Names, alias: string): string {
  return `((select _lakeloop_truncated from truncated) is null or ${names.position(alias)} > (select _lakeloop_truncated from truncated))`;
}
