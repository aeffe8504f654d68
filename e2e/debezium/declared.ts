import type { Difference } from './differ.ts';

/** A difference from Debezium that is meant: a row of the table in docs/cdc.md (Markdown), and which differences it speaks of. */
export interface Declared {
  what: string;
  ours: string;
  theirs: string;
  why: string;
  covers: (difference: Difference) => boolean;
}

const isValue = ({ field }: Difference): boolean => /^(before|after)\./.test(field);
const isType =
  (...types: RegExp[]): ((difference: Difference) => boolean) =>
  (d) =>
    isValue(d) && types.some((type) => type.test(d.type));
const isOf =
  (...topics: string[]): ((difference: Difference) => boolean) =>
  (d) =>
    topics.includes(d.topic.replace('public.', ''));

const VALUES: readonly Declared[] = [
  {
    what: 'geometry but `point`, multiranges, composites, `tsquery`, `pg_lsn`, `pg_snapshot`, `regclass`, `xid`, `xid8`, `tid`, `cube`, `jsonpath`; arrays of these and of `point`, `interval`, `money`, `xml`, domains',
    ours: "PostgreSQL's text; arrays of encoded elements",
    theirs: 'the column is left out',
    why: 'a row has all its columns',
    covers: (d) => isValue(d) && d.theirs === undefined && d.type !== '' && !isOf('Odd__T.1__x')(d),
  },
  {
    what: '`name`',
    ours: 'text',
    theirs: 'null in the stream, text in a snapshot',
    why: 'the value',
    covers: isType(/^name$/),
  },
  {
    what: '`date`, `timestamp` ±infinity, in arrays too',
    ours: '`"infinity"`, `"-infinity"`',
    theirs: 'some day: `-5877611-06-21Z`, `+294247-01-10T04:00:25.2Z`; another one in a snapshot',
    why: 'no day is infinity',
    covers: (d) => isType(/^date/, /^timestamp without/)(d) && /-?infinity/.test(d.ours ?? ''),
  },
  {
    what: '`date`, `timestamp`, `timestamptz` before Christ, in a snapshot',
    ours: '`-0043-03-15Z`, the same day as in the stream',
    theirs: '`0044-03-15Z` or `-0043-03-13T…`, another day than in the stream',
    why: 'a row has one value however it is read',
    covers: (d) => isType(/^date$/, /^timestamp/)(d) && d.op === 'r' && /"(-0043|0000)-/.test(d.ours ?? ''),
  },
  {
    what: '`time`, `timetz` 24:00',
    ours: '`24:00:00Z`',
    theirs: '`00:00:00Z`',
    why: 'the end of a day is not its beginning',
    covers: (d) => isType(/^time /)(d) && d.ours === '"24:00:00Z"',
  },
  {
    what: '`timetz` with seconds in its offset',
    ours: 'in UTC',
    theirs: 'stops at it; told to go on (`event.processing.failure.handling.mode`), the event is lost, and null in a snapshot',
    why: 'a value that the server accepts stops nothing',
    covers: (d) => isOf('of_timetz')(d) && (d.field === 'event' ? d.theirs === undefined : d.ours === '"23:40:28Z"'),
  },
  {
    what: '`interval` ±infinity',
    ours: '`"infinity"`, `"-infinity"`',
    theirs: '`P0Y0M0DT0H0M0S`',
    why: 'it is not zero',
    covers: (d) => isType(/^interval$/)(d) && /-?infinity/.test(d.ours ?? ''),
  },
  {
    what: '`bytea` and `interval` where the database sets `bytea_output`, `intervalstyle`',
    ours: 'as everywhere: the session has settings of its own',
    theirs: 'other bytes (`AP8=` becomes `APN3`), days lost',
    why: "a database's way to print must not change its data",
    covers: (d) => isOf('printed')(d) && isType(/^bytea$/, /^interval$/)(d),
  },
  {
    what: '`bit(n)`, `varbit` with leading zeros',
    ours: 'as many bytes as the bits need: 16 zeros are `AAA=`',
    theirs: 'leading zero bytes are cut: 16 zeros are `""`',
    why: 'the length is part of a bit string',
    covers: (d) => isType(/^bit\(\d+\)$/, /^bit varying(\(12\))?$/)(d) && d.theirs !== undefined,
  },
  {
    what: '`varbit(1)` in a snapshot',
    ours: 'true or false, as in the stream',
    theirs: 'null',
    why: 'the value',
    covers: isType(/^bit varying\(1\)$/),
  },
  {
    what: 'arrays: several dimensions; of `bit`; with `NaN`; of an enum with quotes and NULL; `int2vector`',
    ours: 'nested arrays, encoded elements; `"1 2"`',
    theirs: '`[null,null]`, `["[Ljava.lang.String;@59b06cdc"]`; null for the whole array; `[]`',
    why: 'the elements',
    covers: isType(/\[\]$/, /^int2vector$/),
  },
  {
    what: '`money` in a snapshot',
    ours: '`"0.00"`, `"-92233720368547758.08"`, as in the stream',
    theirs: '`"0.0"`, `"-9.223372036854776E16"`',
    why: 'money is no floating-point number',
    covers: (d) => isType(/^money$/)(d) && d.op === 'r',
  },
  {
    what: '`numeric` with a negative scale',
    ours: '`"12300"`',
    theirs: '`"12300.000…"` with 2,046 zeros',
    why: 'digits as the server has them',
    covers: isType(/^numeric\(3,-2\)$/),
  },
  {
    what: 'unchanged TOAST of `bytea` and arrays',
    ours: '`"__debezium_unavailable_value"`, whatever the type',
    theirs: 'null for `bytea`; the marker as an element of the array, or as its character codes',
    why: 'a consumer that reads null would erase the value',
    covers: (d) => isOf('toast')(d) && d.ours === '"__debezium_unavailable_value"',
  },
  {
    what: 'columns that a delete does not send (`before` without REPLICA IDENTITY FULL), NOT NULL or with a default',
    ours: 'null',
    theirs: 'the default, or 0, `""`, 1970',
    why: 'what is not known is not made up',
    covers: (d) => d.field.startsWith('before.') && d.op === 'd' && d.ours === 'null' && isOf('defaults', 'identity_index', 'rekeyed')(d),
  },
];

const EVENTS: readonly Declared[] = [
  {
    what: 'key under REPLICA IDENTITY USING INDEX',
    ours: "that index's columns, in every event",
    theirs: "the primary key's columns, with 0 where a delete does not send them",
    why: 'under a made-up key deletes and updates of different rows meet',
    covers: (d) => isOf('identity_index')(d) && /^(key|header\.__debezium\.(newkey|oldkey))$/.test(d.field),
  },
  {
    what: 'columns of a composite key whose index has another order than the table',
    ours: "in the table's order",
    theirs: "in the index's order",
    why: 'the stream tells which columns, not their order, at the time of writing; a topic that Debezium filled has to be begun anew for such a table',
    covers: (d) => isOf('composite_key')(d) && d.field === 'key',
  },
  {
    what: 'key of a row that is read after its table was changed, renamed or moved',
    ours: 'that of the time of writing',
    theirs: 'that of now, or null',
    why: 'each event has the schema that it was written under',
    covers: (d) => isOf('rekeyed', 'renamed', 'moved')(d) && d.field === 'key',
  },
  {
    what: 'a table that was moved out of an included schema',
    ours: 'not published any more',
    theirs: 'still published, to its old topic',
    why: '`CDC_TABLES` says what is published',
    covers: (d) => isOf('moved')(d) && d.field === 'event' && d.ours === undefined,
  },
  {
    what: 'delete in a table without a key',
    ours: 'no tombstone',
    theirs: 'a tombstone with a null key',
    why: 'it says nothing, and a compacted topic refuses it',
    covers: (d) => isOf('keyless')(d) && d.field === 'event' && d.op === '-',
  },
  {
    what: 'column names of other scripts (`ünï`)',
    ours: 'as they are',
    theirs: '`ￃﾼnￃﾯ`',
    why: 'the name is the column',
    covers: isOf('Odd__T.1__x'),
  },
  {
    what: 'topic of a table whose name has characters that Kafka does not allow',
    ours: 'one `_` for each character',
    theirs: 'one for each byte of its UTF-8',
    why: 'what a reader counts; the envelope has the name itself',
    covers: (d) => isOf('_'.repeat(7), '_'.repeat(14))(d) && d.field === 'topic',
  },
  {
    what: 'logical messages (`pg_logical_emit_message`)',
    ours: 'context of the changes behind them, as headers',
    theirs: 'events of a topic `<prefix>.message`',
    why: 'they are no rows; ours are also the marks of snapshots',
    covers: (d) => d.topic === 'message' && d.field === 'topic',
  },
];

const SNAPSHOTS: readonly Declared[] = [
  {
    what: '`source.snapshot`',
    ours: '`"incremental"` for what a snapshot read, `"false"` for the stream',
    theirs: '`"first"`, `"true"`, `"last"`, …; null for the stream (`"false"` without `replace.null.with.default=false`)',
    why: 'snapshots are read beside the stream; the stream keeps the value that Debezium has by default',
    covers: ({ field }) => field === 'source.snapshot',
  },
  {
    what: "position, time and transaction in a snapshot row's `source`",
    ours: "of the chunk's high mark",
    theirs: 'of the moment at which the whole snapshot began',
    why: 'the row was true then, and is in order with the stream',
    covers: ({ field, op }) => op === 'r' && /^source\.(ts_ms|ts_us|ts_ns|lsn|txId|sequence)$/.test(field),
  },
  {
    what: 'partitioned tables in a snapshot',
    ours: 'where the stream has them: partitions, or the root under `publish_via_partition_root`',
    theirs: 'both, each row twice',
    why: 'one row, one topic',
    covers: (d) => isOf('partitioned', 'rooted_low')(d) && d.ours === undefined,
  },
  {
    what: 'a table that is new to the publication (created, renamed, detached)',
    ours: 'its rows are read too',
    theirs: 'only what is written from then on',
    why: 'its topic holds the whole table',
    covers: (d) => isOf('born_later', 'renamed_since', 'rooted_new')(d) && d.field === 'event' && d.op === 'r' && d.theirs === undefined,
  },
  {
    what: 'generated columns in a snapshot',
    ours: 'as in the stream: where the publication publishes them',
    theirs: 'in the snapshot, not in the stream',
    why: 'one table, one shape',
    covers: (d) => isOf('generated')(d) && d.op === 'r' && d.ours === undefined,
  },
];

const DESCRIPTIONS: readonly Declared[] = [
  {
    what: '`source.version`, `source.name`',
    ours: "capture's version, `CDC_TOPIC_PREFIX`",
    theirs: "Debezium's version, `topic.prefix`",
    why: 'who wrote it',
    covers: ({ field }) => field === 'source.version' || field === 'source.name',
  },
  {
    what: 'headers',
    ours: "`id`, and the write's context",
    theirs: '`__debezium.context.*`: names of connector and task',
    why: 'the id is what a consumer dedups by; the rest is how Connect was set up',
    covers: ({ field }) => field === 'header.id' || field.startsWith('header.__debezium.context.'),
  },
];

/** Where our topics differ from Debezium's. The first that covers a difference has it; what none covers fails the comparison, and so does one that covers nothing. */
export const DECLARED: readonly Declared[] = [...VALUES, ...EVENTS, ...SNAPSHOTS, ...DESCRIPTIONS];

/** What Debezium does not survive can't be compared event by event: a test of its own shows it. */
export const REFUSED: Pick<Declared, 'what' | 'ours' | 'theirs' | 'why'> = {
  what: 'a domain over an enum, anywhere in the database',
  ours: 'the label',
  theirs: 'does not start',
  why: 'a type that the server has stops nothing',
};

/** The table of docs/cdc.md. */
export function declaredTable(): string {
  const rows = [REFUSED, ...DECLARED].map(({ what, ours, theirs, why }) => `| ${[what, ours, theirs, why].join(' | ')} |\n`);
  return `| | ours | Debezium's | why |\n|---|---|---|---|\n${rows.join('')}`;
}
