import type pg from 'pg';
import { utcText } from '#libs/postgres/utc-text';
import { ProblemException } from '#libs/runtime/http/problem';

/** What is deleted of a table's history because its time was over. */
export interface Gone {
  /** Everything that this checkpoint sees may be. */
  checkpoint: string;
  /** Its time, ISO 8601, UTC. */
  before: string;
  /** The newest change that was deleted. */
  to: string;
}

type Client = Pick<pg.ClientBase, 'query'>;

/** By the table's number in `lakeloop.adopted`; no entry where nothing was ever past its time. */
export async function goneOf(client: Client, adoptedIds: readonly number[]): Promise<ReadonlyMap<number, Gone>> {
  const { rows } = await client.query<Gone & { adoptedId: number }>(
    `select r.adopted_id as "adoptedId", r.checkpoint::text, ${utcText('r.gone_before')} as before, r.gone_to::text as to
     from audit.retention r where r.adopted_id = any ($1) and r.gone_before is not null`,
    [adoptedIds],
  );
  return new Map(rows.map(({ adoptedId, ...gone }) => [adoptedId, gone]));
}

/** Work that looks for changes of a row by their ids: where one is not found that may have been deleted, the answer is 410 rather than 404. */
export async function orGone<T>(client: Client, adoptedId: number, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemException) || !error.problem.type.endsWith(':unknown-change')) throw error;
    const gone = (await goneOf(client, [adoptedId])).get(adoptedId);
    if (gone && ids.some((id) => BigInt(id) <= BigInt(gone.to))) throw noLongerKept(gone.before);
    throw error;
  }
}

const FORGOTTEN = {
  change: `false as partly, exists (select from audit.retention r where r.gone_to >= $1::bigint) as gone`,
  request: `exists (select from audit.forgotten_request f where f.id = $1::bigint) as partly, exists (select from audit.retention r where r.gone_request >= $1::bigint) as gone`,
  trace: `exists (select from audit.forgotten_request f where f.trace_id = $1) as partly, false as gone`,
};

/**
 * Asked behind the look for what is to be undone: refuses (410) where a part of it is deleted, for half a request is not undone as if it were the whole; and
 * where nothing was found of what may have been deleted.
 */
export async function requireKept(client: Client, what: Readonly<Partial<Record<keyof typeof FORGOTTEN, string>>>, found: boolean): Promise<void> {
  const [[kind, value]] = Object.entries(what) as [[keyof typeof FORGOTTEN, string]];
  const { rows } = await client.query<{ partly: boolean; gone: boolean }>(`select ${FORGOTTEN[kind]}`, [value]);
  if (rows[0]?.partly || (!found && rows[0]?.gone)) throw noLongerKept(null);
}

function noLongerKept(before: string | null): ProblemException {
  const detail = before === null ? 'changes that belong to it are no longer kept' : `changes from before ${before} are no longer kept`;
  return new ProblemException(410, 'no-longer-kept', detail, { hint: 'How long the history of a table is kept is its own setting: GET /v1/tables/{table}.' });
}
