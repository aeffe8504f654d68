/** Version of the schema below, in `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

/**
 * Offsets of one partition live in `id = (partition_id << 40) | offset`, the table's rowid: a record costs one b-tree entry, and
 * a partition is one range. 2^40 records a partition, 2^23 partitions.
 */
export const OFFSET_BITS = 40n;

export const SCHEMA = `
create table meta (name text primary key, value text not null) without rowid;
create table topic (
  id integer primary key,
  name text not null unique,
  partitions integer not null,
  cleanup text not null check (cleanup in ('delete', 'compact')),
  retention_ms integer
);
-- earliest: oldest kept offset. next_floor: a lower bound of the next offset, for partitions whose newest records are gone.
create table partition (
  id integer primary key,
  topic_id integer not null references topic (id),
  number integer not null,
  earliest integer not null default 0,
  next_floor integer not null default 0,
  unique (topic_id, number)
);
create table record (id integer primary key, at integer not null, key blob, value blob, headers text not null);
create table producer (name text primary key, epoch integer not null) without rowid;
create table committed (group_name text not null, partition_id integer not null, next integer not null, primary key (group_name, partition_id)) without rowid;
-- Compact topics only: the newest record of each key, and the records that may go once due.
create table newest (partition_id integer not null, key blob not null, id integer not null, primary key (partition_id, key)) without rowid;
create table superseded (id integer primary key, due integer not null);
create index superseded_due on superseded (due);
`;

/** Every connection's settings: a commit is on disk when it returns. */
export const PRAGMAS = `
pragma journal_mode = wal;
pragma synchronous = full;
pragma busy_timeout = 5000;
pragma journal_size_limit = 67108864;
pragma cache_size = -16000;
`;
