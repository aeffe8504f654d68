import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { CaseJob } from '#contracts/jobs/case-job';

/** A case in a worker's hands until `expiresAt`. The token proves the lease: whoever has a later one has the case. */
export interface Lease {
  caseId: string;
  /** 256 bits, base64url; the database keeps its SHA-256 only. */
  token: string;
  /** ISO 8601. */
  expiresAt: string;
  /** 1 for the first. */
  attempt: number;
  traceId: string;
  eventId: string;
  /** Write-backs that led to the case. */
  hop: number;
}

/** An offer as an operator sees it. */
export interface OfferState {
  caseId: string;
  state: 'offered' | 'claimed' | 'completed' | 'parked';
  worker: string | null;
  attempts: number;
  runId: string | null;
  failure: string | null;
  offeredAt: string;
  expiresAt: string | null;
}

/** A case whose turn for a run it is; `turn` is the same until a run was started for it. */
export interface RunDue {
  caseId: string;
  turn: string;
}

export interface OpenRun {
  caseId: string;
  runId: string;
}

/** Attempts before a case is parked. */
export const MOST_ATTEMPTS = 5;

/**
 * Cases on offer to workers outside, in `lakeloop.case_offer`, by the service's own login. A lease is fenced by its token: a worker that slept through
 * its lease can neither prolong nor complete it, because another may have the case by then (the pattern of a queue's visibility timeout).
 */
export class CaseOffers {
  readonly #pool: pg.Pool;
  readonly #flow: string;

  constructor(pool: pg.Pool, flow: string) {
    this.#pool = pool;
    this.#flow = flow;
  }

  /** Puts a case on offer. False when it is there already. */
  async offer(job: CaseJob, traceId: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(OFFER, [this.#flow, job.caseId, job.eventId, job.hop, traceId]);
    return rowCount === 1;
  }

  /** Up to `most` cases, oldest first, or only the one named; nothing that somebody else holds. */
  async claim(worker: string, { most, leaseSeconds, caseId }: { most: number; leaseSeconds: number; caseId?: string }): Promise<Lease[]> {
    const tokens = Array.from({ length: most }, () => randomBytes(32).toString('base64url'));
    const { rows } = await this.#pool.query<Omit<Lease, 'token'> & { turn: number }>(CLAIM, [
      this.#flow,
      worker,
      most,
      leaseSeconds,
      tokens.map(tokenHash),
      caseId ?? null,
      MOST_ATTEMPTS,
    ]);
    return rows.map(({ turn, ...lease }) => ({ ...lease, token: tokens[turn - 1] ?? '' }));
  }

  /** The new end of the lease; undefined when the lease is no longer the worker's. */
  async prolong(caseId: string, token: string, leaseSeconds: number): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ expiresAt: string }>(PROLONG, [this.#flow, caseId, tokenHash(token), leaseSeconds]);
    return rows[0]?.expiresAt;
  }

  /** Gives a case back. It is offered again after `afterSeconds`, or parked when it has been tried often enough. */
  async release(caseId: string, token: string, { failure, afterSeconds }: { failure: string; afterSeconds: number }): Promise<OfferState['state'] | undefined> {
    const { rows } = await this.#pool.query<{ state: OfferState['state'] }>(RELEASE, [
      this.#flow,
      caseId,
      tokenHash(token),
      failure,
      afterSeconds,
      MOST_ATTEMPTS,
    ]);
    return rows[0]?.state;
  }

  /** The lease of a token that still holds, or that completed the case already; undefined otherwise. */
  async held(caseId: string, token: string): Promise<{ hop: number; eventId: string; traceId: string; completed: boolean } | undefined> {
    const { rows } = await this.#pool.query<{ hop: number; eventId: string; traceId: string; completed: boolean }>(HELD, [
      this.#flow,
      caseId,
      tokenHash(token),
    ]);
    return rows[0];
  }

  /** Ends the offer in the transaction of the worker's write-back (as the service's login). False when the lease was lost meanwhile. */
  async complete(client: pg.ClientBase, caseId: string, token: string): Promise<boolean> {
    const { rowCount } = await client.query(COMPLETE, [this.#flow, caseId, tokenHash(token)]);
    return rowCount === 1;
  }

  /** The flow no longer leaves cases to workers: whoever recommends now takes them up. Leases end. */
  async withdrawAll(): Promise<number> {
    const { rowCount } = await this.#pool.query(WITHDRAW_ALL, [this.#flow]);
    return rowCount ?? 0;
  }

  async withdraw(caseId: string): Promise<void> {
    await this.#pool.query(WITHDRAW, [this.#flow, caseId]);
  }

  /** Oldest first; without the completed ones. */
  async list(most: number): Promise<OfferState[]> {
    return (await this.#pool.query<OfferState>(LIST, [this.#flow, most])).rows;
  }

  /** Offers a parked case again. False when it is not parked. */
  async redrive(caseId: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(REDRIVE, [this.#flow, caseId]);
    return rowCount === 1;
  }

  /** Offers of which no run has been started, or whose run failed and may be tried again. */
  async withoutRun(most: number): Promise<RunDue[]> {
    return (await this.#pool.query<RunDue>(WITHOUT_RUN, [this.#flow, most])).rows;
  }

  async withRun(most: number): Promise<OpenRun[]> {
    return (await this.#pool.query<OpenRun>(WITH_RUN, [this.#flow, most])).rows;
  }

  async started(caseId: string, runId: string): Promise<void> {
    await this.#pool.query(STARTED, [this.#flow, caseId, runId]);
  }

  /** A run ended and the case is not complete: another run later, or parked. */
  async runEnded(caseId: string, runId: string, failure: string): Promise<void> {
    await this.#pool.query(RUN_ENDED, [this.#flow, caseId, runId, failure, MOST_ATTEMPTS]);
  }
}

export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const UTC = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const iso = (column: string): string => `to_char(${column} at time zone 'UTC', ${UTC})`;
const OPEN = 'completed_at is null and withdrawn_at is null and parked_at is null';
const MINE = `flow = $1 and case_id = $2 and token_hash = $3 and expires_at > clock_timestamp() and ${OPEN}`;

const OFFER = `insert into lakeloop.case_offer as o (flow, case_id, event_id, hop, trace_id) values ($1, $2, $3, $4, $5)
  on conflict (flow, case_id) do update set withdrawn_at = null, offered_at = clock_timestamp(), not_before = clock_timestamp(), run_id = null
    where o.withdrawn_at is not null and o.completed_at is null`;

const CLAIM = `with taken as materialized (
    select flow, case_id from lakeloop.case_offer
    where flow = $1 and ${OPEN} and not_before <= clock_timestamp() and (expires_at is null or expires_at <= clock_timestamp())
      and ($6::uuid is null or case_id = $6) and (attempts < $7 or run_id is not null)
    order by offered_at limit $3 for update skip locked
  ), numbered as (select flow, case_id, row_number() over ()::int as turn from taken)
  update lakeloop.case_offer o set worker = $2, token_hash = ($5::bytea[])[n.turn], attempts = o.attempts + (o.run_id is null)::int, claimed_at = clock_timestamp(),
    expires_at = clock_timestamp() + make_interval(secs => $4::float8)
  from numbered n where o.flow = n.flow and o.case_id = n.case_id
  returning o.case_id as "caseId", n.turn, ${iso('o.expires_at')} as "expiresAt", o.attempts as attempt, o.trace_id as "traceId", o.event_id as "eventId", o.hop`;

const PROLONG = `update lakeloop.case_offer set expires_at = clock_timestamp() + make_interval(secs => $4::float8) where ${MINE} returning ${iso('expires_at')} as "expiresAt"`;

const RELEASE = `update lakeloop.case_offer set worker = null, token_hash = null, expires_at = null, failure = $4,
    not_before = clock_timestamp() + make_interval(secs => $5::float8), parked_at = case when attempts >= $6 then clock_timestamp() end
  where ${MINE} returning case when parked_at is null then 'offered' else 'parked' end as state`;

const HELD = `select hop, event_id as "eventId", trace_id as "traceId", completed_at is not null as completed from lakeloop.case_offer
  where flow = $1 and case_id = $2 and token_hash = $3 and (completed_at is not null or (expires_at > clock_timestamp() and withdrawn_at is null and parked_at is null))`;

const COMPLETE = `update lakeloop.case_offer set completed_at = clock_timestamp(), failure = null where ${MINE}`;

const WITHDRAW_ALL = `update lakeloop.case_offer set withdrawn_at = clock_timestamp() where flow = $1 and completed_at is null and withdrawn_at is null`;
const WITHDRAW = `update lakeloop.case_offer set withdrawn_at = clock_timestamp() where flow = $1 and case_id = $2 and completed_at is null and withdrawn_at is null`;

const LIST = `select case_id as "caseId", worker, attempts, run_id::text as "runId", failure, ${iso('offered_at')} as "offeredAt", ${iso('expires_at')} as "expiresAt",
    case when parked_at is not null or attempts >= ${MOST_ATTEMPTS} and expires_at <= clock_timestamp() then 'parked' when expires_at > clock_timestamp() then 'claimed' else 'offered' end as state
  from lakeloop.case_offer where flow = $1 and completed_at is null and withdrawn_at is null order by offered_at limit $2`;

const REDRIVE = `update lakeloop.case_offer set parked_at = null, attempts = 0, run_id = null, not_before = clock_timestamp(), token_hash = null, expires_at = null
  where flow = $1 and case_id = $2 and completed_at is null and withdrawn_at is null and (parked_at is not null or attempts >= ${MOST_ATTEMPTS} and expires_at <= clock_timestamp())`;

const WITHOUT_RUN = `select case_id as "caseId", attempts || '@' || extract(epoch from not_before) as turn from lakeloop.case_offer
  where flow = $1 and ${OPEN} and run_id is null and not_before <= clock_timestamp() order by offered_at limit $2`;
const WITH_RUN = `select case_id as "caseId", run_id::text as "runId" from lakeloop.case_offer where flow = $1 and ${OPEN} and run_id is not null order by offered_at limit $2`;
const STARTED = `update lakeloop.case_offer set run_id = $3::bigint, attempts = attempts + 1 where flow = $1 and case_id = $2`;
const RUN_ENDED = `update lakeloop.case_offer set run_id = null, failure = $4, worker = null, token_hash = null, expires_at = null,
    not_before = clock_timestamp() + make_interval(secs => least(600, 5 * 2 ^ (attempts - 1))),
    parked_at = case when attempts >= $5 then clock_timestamp() end
  where flow = $1 and case_id = $2 and run_id = $3::bigint and ${OPEN}`;
