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

/** A row of the log has an index on its key, a batch on the hashes of its keys (docs/adr/0037-audit-batches.md); asked once, and not for each segment. */
const OF_KEY = `(c.log_key = $7::jsonb or c.log_id = any ((select audit.batches_of(array[audit.key_hash($7::jsonb)]))::bigint[])) and (c.key_hash is null or c.key_hash = audit.key_hash($7::jsonb)) and c.key = $7::jsonb`;

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
