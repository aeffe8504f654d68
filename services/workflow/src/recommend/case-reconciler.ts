import type { CaseJob } from '#contracts/jobs/case-job';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { JobQueue, Jobs } from '#libs/jobs/jobs';
import { waitingQuery } from '../cases/compile-queries.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import type { RecommenderChoice } from '../cases/recommender-choice.ts';
import type { Models } from '../models/models.ts';

export interface CaseReconcilerOptions {
  definition: ExceptionFlowDefinition;
  principal: Principal;
  governed: Governed;
  models: Models;
  jobs: Jobs;
  queue: JobQueue<CaseJob>;
  /** Cases younger than this are left to their event, seconds. */
  graceSeconds: number;
}

/** Cases taken up in one go. */
const MOST = 5_000;

/**
 * Queues are never the record: cases that wait in Postgres without a job that could still serve them get a new one. Its id holds the slot of time, so that
 * several processes make one job, and a later slot another. Parked cases stay parked: a person redrives them.
 */
export class CaseReconciler {
  readonly #options: CaseReconcilerOptions;
  readonly #statement: string;

  constructor(options: CaseReconcilerOptions) {
    this.#options = options;
    this.#statement = waitingQuery(options.definition);
  }

  /** Returns how many jobs were enqueued. Nothing where the classifier recommends and there is no model yet: a case then waits. */
  async reconcile(slot: number, { kind }: RecommenderChoice, graceSeconds = this.#options.graceSeconds): Promise<number> {
    const { governed, principal, jobs, queue, models } = this.#options;
    const { body } = await governed.read({ principal, statement: this.#statement, parameters: [String(graceSeconds), String(MOST)] });
    const waiting = JSON.parse(body ?? '[]') as { id: string }[];
    if (waiting.length === 0 || (kind === 'classifier' && (await models.state()).model === null)) return 0;
    const parked = new Set((await jobs.parked(queue)).map(({ payload }) => caseOf(payload)));
    const lost = waiting.filter(({ id }) => !parked.has(id));
    await jobs.enqueue(
      queue,
      lost.map(({ id }) => ({ id: `reconcile-${id}-${slot}`, payload: { caseId: id, eventId: `reconcile:${id}`, hop: 0, publishedAt: null } })),
    );
    return lost.length;
  }
}

function caseOf(payload: unknown): unknown {
  return typeof payload === 'object' && payload !== null && 'caseId' in payload ? payload.caseId : undefined;
}
