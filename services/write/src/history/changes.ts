import type pg from 'pg';
import { utcText } from '#libs/postgres/utc-text';

/** A row as the audit has it: column → text, as its type's output function spells it. */
export type Image = Readonly<Record<string, string | null>>;

/** A change as `audit.change` has it: for the service's eyes, until ./visible-images.ts has said what the caller may see. */
export interface Change {
  id: string;
  at: string;
  adoptedId: number;
  operation: 'insert' | 'update' | 'delete' | 'truncate';
  /** JSON text of the primary key; null in the entry that a truncate leaves for itself. */
  key: string | null;
  before: Image | null;
  after: Image | null;
  /** Column → type at that time. */
  types: Readonly<Record<string, string>>;
  request: string | null;
  traceId: string | null;
  actor: string;
  role: string;
  verified: boolean;
  context: Readonly<Record<string, unknown>> | null;
}

const COLUMNS = `c.id::text, ${utcText('c.at')} as at, c.adopted_id as "adoptedId", c.operation, c.key::text, c.before, c.after,
  c.types, c.request::text, c.trace_id as "traceId", c.actor, c.role, c.verified, c.context`;

/** Which changes, newest first. */
export interface ChangePage {
  /** Older than this one. */
  before: string | undefined;
  limit: number;
  /** By this one alone. */
  actor?: string | undefined;
  /** At this time or later, and before that one; ISO 8601. */
  since?: string | undefined;
  until?: string | undefined;
}

const OF_PAGE =
  '($2::bigint is null or c.id < $2 and c.log_id < $2) and ($4::text is null or c.actor = $4) and ($5::timestamptz is null or c.at >= $5) and ($6::timestamptz is null or c.at < $6)';

function pageValues({ before, limit, actor, since, until }: ChangePage): unknown[] {
  return [before ?? null, limit, actor ?? null, since ?? null, until ?? null];
}

/** A row of the log has an index on its key, a batch on the hashes of its keys (docs/adr/0037-audit-batches.md). */
const OF_KEY = `(c.log_key = $7::jsonb or c.log_id = any (audit.batches_of(array[audit.key_hash($7::jsonb)]))) and (c.key_hash is null or c.key_hash = audit.key_hash($7::jsonb)) and c.key = $7::jsonb`;

/** Changes of one row, newest first, older than `before`. */
export async function changesOfRow(pool: Pick<pg.ClientBase, 'query'>, adoptedId: number, key: string, page: ChangePage): Promise<Change[]> {
  const text = `select ${COLUMNS} from audit.change c where ${OF_KEY} and c.adopted_id = $1 and ${OF_PAGE} order by c.id desc limit $3`;
  return (await pool.query<Change>(text, [adoptedId, ...pageValues(page), key])).rows;
}

/** Rows of the log, by their ids, both included. */
export interface LogSpan {
  first: string;
  last: string;
}

/** Changes of a table in some spans of the log, newest first, older than `before`. */
export async function changesIn(pool: Pick<pg.ClientBase, 'query'>, adoptedId: number, page: ChangePage, spans: readonly LogSpan[]): Promise<Change[]> {
  const text = `
    select x.* from unnest($7::bigint[], $8::bigint[]) s(first, last) cross join lateral (
      select ${COLUMNS} from audit.change c where c.adopted_id = $1 and c.log_id between s.first and s.last and ${OF_PAGE}
      order by c.log_id desc, c.id desc limit $3) x
    order by x.id::bigint desc limit $3`;
  const bounds = [spans.map(({ first }) => first), spans.map(({ last }) => last)];
  return (await pool.query<Change>(text, [adoptedId, ...pageValues(page), ...bounds])).rows;
}

/** What is to be undone: one change, all of one request, or all of one trace. */
export type Undoable = { change: string } | { request: string } | { trace: string };

/** Oldest first; at most `limit`. */
export async function changesOf(pool: Pick<pg.ClientBase, 'query'>, what: Undoable, limit: number): Promise<Change[]> {
  const [condition, value] =
    'change' in what
      ? ['c.id = $1::bigint and c.log_id between $1::bigint - 999 and $1::bigint', what.change]
      : 'request' in what
        ? ['c.request = $1::bigint', what.request]
        : ['c.trace_id = $1', what.trace];
  const text = `select ${COLUMNS} from audit.change c where ${condition} and (c.log_key is not null or c.key_hashes is not null) order by c.id limit $2`;
  return (await pool.query<Change>(text, [value, limit])).rows;
}

/** A row of one table, and the changes of it that are accounted for: the first and the last of them. */
export interface RowSpan {
  adoptedId: number;
  key: string;
  first: string;
  last: string;
}

export interface ForeignChange {
  adoptedId: number;
  key: string;
  id: string;
  actor: string;
  at: string;
}

/** Of so many rows, batches are looked for by the hashes of their keys; of more, all batches of their tables since are looked through. */
const FEW = 100;

/**
 * The newest change of each row that is not one of `known` and came after the row's first known one; changes of the transaction that asks do not count.
 * Asked after a row was written in the same transaction, the answer is final: the row is locked.
 */
export async function foreignChanges(client: Pick<pg.ClientBase, 'query'>, spans: readonly RowSpan[], known: readonly string[]): Promise<ForeignChange[]> {
  // Comparing two lists takes the product of their lengths.
  const few = spans.length <= FEW ? 'c.log_id = any (audit.batches_of((select array_agg(s.hash) from span s))) and' : '';
  const text = `
    with span as materialized (
      select s.*, audit.key_hash(s.key) as hash from unnest($1::int[], $2::jsonb[], $3::bigint[]) with ordinality s(adopted_id, key, first, ordinal)),
    batched as materialized (
      select c.adopted_id, c.key, c.id, c.actor, c.at, c.xid from audit.change c
      where c.key_hashes is not null and ${few} c.adopted_id = any ($1) and c.log_id > (select min(s.first) - 1000 from span s) and c.id <> all ($4)),
    found as (
      select s.*, c.id, c.actor, c.at, c.xid from span s join audit.change c on c.key_hashes is null and c.log_key = s.key and c.adopted_id = s.adopted_id and c.id > s.first
      union all
      select s.*, c.id, c.actor, c.at, c.xid from span s join batched c on c.key = s.key and c.adopted_id = s.adopted_id and c.id > s.first)
    select distinct on (f.ordinal) f.adopted_id as "adoptedId", f.key::text, f.id::text, f.actor, ${utcText('f.at')} as at
    from found f
    where f.id <> all ($4::bigint[]) and f.xid is distinct from pg_current_xact_id_if_assigned()
    order by f.ordinal, f.id desc`;
  const values = [spans.map(({ adoptedId }) => adoptedId), spans.map(({ key }) => key), spans.map(({ first }) => first), known];
  return (await client.query<ForeignChange>(text, values)).rows;
}
