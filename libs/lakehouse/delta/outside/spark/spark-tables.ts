/** A table that Spark writes: what we make of it. */
export interface SparkTable {
  name: string;
  statements: (at: string) => string[];
  /** The feature whose name our refusal to read has to give; undefined: we read it, at every version. */
  unreadable?: string;
  /** The feature for which we refuse to write; undefined: we write to it. */
  unwritable?: string;
}

const VALUES = `(1, 'one', 1.5, cast('NaN' as double), true, X'00FF', date'2024-02-29', timestamp'2024-02-29 23:59:59.999999', 12.34),
  (2, '', cast(-0.1 as float), 5e-324D, false, X'', date'1900-01-01', timestamp'1969-12-31 23:59:59.000001', -0.01), (3, null, null, null, null, null, null, null, null)`;
const COLUMNS = 'id bigint, s string, f float, d double, o boolean, x binary, dt date, ts timestamp, n decimal(20,2)';
const small = (at: string, properties: string, more = ''): string[] => [
  `create table ${at} (id bigint, s string) using delta ${more} ${properties === '' ? '' : `tblproperties (${properties})`}`,
  `insert into ${at} values (1, 'a'), (2, 'b'), (3, 'c')`,
];

export const SPARK_TABLES: readonly SparkTable[] = [
  {
    name: 'plain',
    statements: (at) => [
      `create table ${at} (${COLUMNS}) using delta`,
      `insert into ${at} values ${VALUES}`,
      `insert into ${at} values ${VALUES.replaceAll("'one'", "'again'")}`,
      `delete from ${at} where id = 3`,
      `update ${at} set s = 'updated' where id = 2`,
      `merge into ${at} t using (select 1L as id, 'merged' as s) s on t.id = s.id when matched then update set s = s.s`,
      `alter table ${at} add columns (more int)`,
      ...Array.from({ length: 6 }, (_, n) => `insert into ${at} (id, more) values (${100 + n}, ${n})`),
      `optimize ${at}`,
    ],
  },
  {
    name: 'parted',
    statements: (at) => [
      `create table ${at} (${COLUMNS}, b smallint, y tinyint) using delta partitioned by (s, dt, ts, n, d, o)`,
      `insert into ${at} select *, 7S, 8Y from values ${VALUES}`,
      `insert into ${at} (id, s, d) values (9, 'a/b=c %41 é漢🙂 \\' "', cast('-Infinity' as double))`,
    ],
  },
  {
    name: 'many_parts',
    statements: (at) => [
      'set spark.databricks.delta.checkpoint.partSize = 3',
      ...small(at, `'delta.checkpointInterval' = '5'`),
      ...Array.from({ length: 10 }, (_, n) => `insert into ${at} values (${n}, 'x')`),
      'reset spark.databricks.delta.checkpoint.partSize',
    ],
  },
  {
    name: 'ntz',
    statements: (at) => [`create table ${at} (id int, t timestamp_ntz) using delta`, `insert into ${at} values (1, timestamp_ntz'2024-02-29 01:02:03.000004')`],
  },
  {
    name: 'vectors',
    unreadable: 'deletionVectors',
    statements: (at) => [...small(at, `'delta.enableDeletionVectors' = 'true'`), `delete from ${at} where id = 2`],
  },
  { name: 'mapped', unreadable: 'columnMapping', statements: (at) => small(at, `'delta.columnMapping.mode' = 'name'`) },
  { name: 'v2', unreadable: 'v2Checkpoint', statements: (at) => small(at, `'delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '1'`) },
  {
    name: 'widened',
    unreadable: 'typeWidening',
    statements: (at) => [
      `create table ${at} (id int) using delta tblproperties ('delta.enableTypeWidening' = 'true')`,
      `insert into ${at} values (1)`,
      `alter table ${at} alter column id type bigint`,
    ],
  },
  { name: 'clustered', unwritable: 'clustering', statements: (at) => small(at, '', 'cluster by (id)') },
  { name: 'tracked', unwritable: 'rowTracking', statements: (at) => small(at, `'delta.enableRowTracking' = 'true'`) },
  { name: 'in_commit_times', unwritable: 'inCommitTimestamp', statements: (at) => small(at, `'delta.enableInCommitTimestamps' = 'true'`) },
  { name: 'checked', unwritable: 'checkConstraints', statements: (at) => [...small(at, ''), `alter table ${at} add constraint positive check (id > 0)`] },
  {
    name: 'defaults',
    unwritable: 'allowColumnDefaults',
    statements: (at) => [
      `create table ${at} (id bigint, s string default 'x') using delta tblproperties ('delta.feature.allowColumnDefaults' = 'supported')`,
      `insert into ${at} (id) values (4)`,
    ],
  },
  {
    name: 'feed',
    unwritable: 'changeDataFeed',
    statements: (at) => [...small(at, `'delta.enableChangeDataFeed' = 'true'`), `update ${at} set s = 'u' where id = 1`],
  },
];
