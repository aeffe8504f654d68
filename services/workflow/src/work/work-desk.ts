import { randomBytes, randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import type pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { hit } from '#libs/runtime/failpoints';
import { ProblemException } from '#libs/runtime/http/problem';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { MOST_ATTEMPTS, type CaseOffers, type Lease } from './case-offers.ts';
import { completeStatement, workQuery } from './compile-work.ts';

/** A case as a worker gets it. Columns and features that its role may not read are left out. */
export interface ClaimedCase {
  caseId: string;
  /** Proves the lease; needed to prolong, release or complete it. */
  token: string;
  /** ISO 8601. */
  leaseExpiresAt: string;
  /** 1 for the first; the case is parked after the fifth. */
  attempt: number;
  /** W3C Trace Context of the case: send it along, and the worker's own spans join the trace. */
  traceparent: string;
  note: string;
  flaggedBy: string;
  flaggedAt: string;
  subject: Readonly<Record<string, unknown>>;
  /** The classifier's inputs by name. */
  features: Readonly<Record<string, unknown>>;
  /** Classes that may be named. */
  labels: readonly { class: string; title: string }[];
}

export interface WorkerRecommendation {
  class: string;
  /** 0 to 1. */
  confidence: number;
  probabilities?: Readonly<Record<string, number>>;
  contributions?: readonly unknown[];
  modelVersion: string;
}

export interface ClaimRequest {
  most: number;
  leaseSeconds: number;
  /** How long to wait for a case when there is none. */
  waitSeconds: number;
  caseId?: string;
}

export interface WorkDeskOptions {
  definition: ExceptionFlowDefinition;
  offers: CaseOffers;
  governed: Governed;
  hopLimit: number;
  /** Emits `offered` when a case is put on offer in this process. */
  bell: EventEmitter;
}

/** How often a waiting claim looks again: a case may have been put on offer by another process. */
const LOOK_AGAIN_MS = 1_000;

/** Claim, prolong, release, complete: what workers outside do with cases. Reads and write-backs are the worker's own, under its role. */
export class WorkDesk {
  readonly #options: WorkDeskOptions;

  constructor(options: WorkDeskOptions) {
    this.#options = options;
  }

  /** Waits up to `waitSeconds` for the first case; an empty list when none came. */
  async claim(worker: Principal, request: ClaimRequest, signal: AbortSignal): Promise<ClaimedCase[]> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(request.waitSeconds * 1_000)]);
    for (;;) {
      const claimed = await this.#take(worker, request);
      if (claimed.length > 0 || until.aborted) return claimed;
      await once(this.#options.bell, 'offered', { signal: AbortSignal.any([until, AbortSignal.timeout(LOOK_AGAIN_MS)]) }).catch(() => undefined);
      if (signal.aborted) return [];
    }
  }

  async prolong(caseId: string, token: string, leaseSeconds: number): Promise<string> {
    return (await this.#options.offers.prolong(caseId, token, leaseSeconds)) ?? this.#lost(caseId);
  }

  async release(caseId: string, token: string, why: { failure: string; afterSeconds: number }): Promise<string> {
    return (await this.#options.offers.release(caseId, token, why)) ?? this.#lost(caseId);
  }

  /** Writes the recommendation and ends the lease in one transaction. A repeat under the token that completed the case changes nothing. */
  async complete(worker: Principal, caseId: string, token: string, recommendation: WorkerRecommendation): Promise<{ caseId: string; replayed: boolean }> {
    const { definition, offers, governed, hopLimit } = this.#options;
    this.#check(recommendation);
    const held = await offers.held(caseId, token);
    if (!held) return this.#lost(caseId);
    if (held.completed) return { caseId, replayed: true };
    if (held.hop > hopLimit) throw new ProblemException(409, 'hop-limit', `${held.hop} write-backs led to this case, the limit is ${hopLimit}`);
    await hit('workflow.before-completion');
    const context = contextOf(worker, { requestId: randomUUID(), traceparent: traceparentOf(held.traceId), flow: definition.name, hop: held.hop + 1 });
    try {
      await governed.transaction({ principal: worker, context }, async (client) => {
        await insert(client, definition, caseId, recommendation);
        // The lease is the service's to end, not the role's.
        await client.query(`select set_config('role', 'none', true)`);
        if (!(await offers.complete(client, caseId, token))) this.#lost(caseId);
      });
    } catch (error) {
      throw await this.#explained(error, caseId);
    }
    return { caseId, replayed: false };
  }

  async #take(worker: Principal, { most, leaseSeconds, caseId }: ClaimRequest): Promise<ClaimedCase[]> {
    const leases = await this.#options.offers.claim(worker.subject, { most, leaseSeconds, ...(caseId ? { caseId } : {}) });
    const cases = await Promise.all(leases.map((lease) => this.#open(worker, lease)));
    return cases.filter((found) => found !== undefined);
  }

  /** The case as the worker may see it; one that is no longer waiting goes off the desk, one that the worker may not see goes back. */
  async #open(worker: Principal, lease: Lease): Promise<ClaimedCase | undefined> {
    const { definition, governed, offers } = this.#options;
    const { body } = await governed.read({ principal: worker, statement: workQuery(definition, worker.role), parameters: [lease.caseId] });
    const found =
      body === null ? undefined : (JSON.parse(body) as { state: string } & Pick<ClaimedCase, 'note' | 'flaggedBy' | 'flaggedAt' | 'subject' | 'features'>);
    if (!found) {
      await offers.release(lease.caseId, lease.token, { failure: `${worker.subject} may not see this case`, afterSeconds: 0 });
      return undefined;
    }
    const { state, ...rest } = found;
    if (state !== 'flagged') {
      await offers.withdraw(lease.caseId);
      return undefined;
    }
    const { caseId, token, expiresAt, attempt, traceId } = lease;
    return { caseId, token, leaseExpiresAt: expiresAt, attempt, traceparent: traceparentOf(traceId), ...rest, labels: definition.labels };
  }

  #check({ class: named, probabilities = {} }: WorkerRecommendation): void {
    const classes = this.#options.definition.labels.map((label) => label.class);
    const unknown = [named, ...Object.keys(probabilities)].find((name) => !classes.includes(name));
    if (unknown !== undefined)
      throw new ProblemException(422, 'unknown-class', `class ${JSON.stringify(unknown)} is none of ${classes.join(', ')}`, { field: 'class' });
  }

  #lost(caseId: string): never {
    throw new ProblemException(409, 'lease-lost', `the lease on case ${caseId} has ended or is another worker's`, {
      hint: `Claim it again; heartbeats keep a lease. After ${MOST_ATTEMPTS} attempts a case is parked.`,
    });
  }

  /** Somebody acted on the case first: it leaves the desk. */
  async #explained(error: unknown, caseId: string): Promise<unknown> {
    const { code, message, detail } = error as { code?: string; message?: string; detail?: string };
    if (code === 'PT409') {
      await this.#options.offers.withdraw(caseId);
      return new ProblemException(409, 'case-moved', message ?? 'the case has moved on', detail ? { state: stateIn(detail) } : {});
    }
    if (code === '42501') return new ProblemException(403, 'forbidden', message ?? 'this role may not recommend');
    return error;
  }
}

async function insert(client: pg.ClientBase, definition: ExceptionFlowDefinition, caseId: string, recommendation: WorkerRecommendation): Promise<void> {
  const { class: named, confidence, probabilities = { [named]: confidence }, contributions = [], modelVersion } = recommendation;
  await client.query(completeStatement(definition), [caseId, named, confidence, JSON.stringify(probabilities), JSON.stringify(contributions), modelVersion]);
}

function traceparentOf(traceId: string): string {
  return `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
}

function stateIn(detail: string): unknown {
  try {
    return (JSON.parse(detail) as { state?: unknown }).state;
  } catch {
    return undefined;
  }
}
