import { randomBytes } from 'node:crypto';
import type { CaseJob } from '#contracts/jobs/case-job';
import { Failure } from '#libs/failure/failure';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { hit } from '#libs/runtime/failpoints';
import { caseQuery, recommendStatement } from '../cases/compile-queries.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import type { CaseState } from '../cases/machine.ts';
import { choiceOf, type RecommenderChoice, type RecommenderRow } from '../cases/recommender-choice.ts';
import type { FeatureValue } from '../classifier/feature.ts';
import type { Models } from '../models/models.ts';
import type { Recommendation, ServedModel } from './served-model.ts';

/** What became of a job. `waiting`: no model yet; the reconciler comes back to the case. `moved`: someone acted on the case first. `offered`: a worker's turn. */
export type RecommendOutcome = 'recommended' | 'duplicate' | 'moved' | 'waiting' | 'offered';

export interface RecommenderOptions {
  definition: ExceptionFlowDefinition;
  principal: Principal;
  governed: Governed;
  models: Models;
  /** Asks a served model; rejects with `misconfigured` where none can be reached. */
  served: ServedModel;
  /** Hands a case to workers outside, where the flow leaves it to them. */
  handOver: (job: CaseJob, traceId: string, choice: RecommenderChoice) => Promise<void>;
  /** Most write-backs that may lead to an event before it is parked. */
  hopLimit: number;
}

interface CaseRow {
  state: CaseState;
  traceId: string;
  model: string | null;
  recommender: RecommenderRow | null;
  values: FeatureValue[];
}

/** One case, from its job to its recommendation: two round trips and a look at a model in memory. */
export class Recommender {
  readonly #options: RecommenderOptions;
  readonly #read: string;
  readonly #write: string;

  constructor(options: RecommenderOptions) {
    this.#options = options;
    this.#read = caseQuery(options.definition);
    this.#write = recommendStatement(options.definition);
  }

  /** Throws `poison-record` past the hop limit, and `conflict` while the case is not visible yet (decisions.md 20): that is tried again. */
  async recommend(job: CaseJob): Promise<RecommendOutcome> {
    const { hopLimit, governed, models, principal, definition, served, handOver } = this.#options;
    if (job.hop > hopLimit)
      throw new Failure('poison-record', `${job.hop} write-backs led to this event, the limit is ${hopLimit}`, { detail: { eventId: job.eventId } });
    const { body } = await governed.read({ principal, statement: this.#read, parameters: [job.caseId] });
    if (body === null) throw new Failure('conflict', `case ${job.caseId} is not visible yet`);
    const found = JSON.parse(body) as CaseRow;
    if (found.state !== 'flagged') return 'moved';
    const choice = choiceOf(found.recommender);
    switch (choice.kind) {
      case 'worker':
      case 'databricks-job':
        await handOver(job, found.traceId, choice);
        return 'offered';
      case 'served-model':
        return this.#writeBack(job, found, await served.recommend(choice.endpoint, definition, found.values));
      case 'classifier':
        if (found.model === null) return 'waiting';
        return this.#writeBack(job, found, { model: found.model, ...(await models.classifier(found.model)).classify(found.values) });
    }
  }

  async #writeBack(job: CaseJob, { traceId }: CaseRow, recommendation: Recommendation): Promise<RecommendOutcome> {
    const { definition, governed, principal } = this.#options;
    const { model, class: named, confidence, probabilities, contributions } = recommendation;
    await hit('workflow.before-write-back');
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    try {
      const result = await governed.execute({
        principal,
        context: contextOf(principal, { requestId: job.eventId, traceparent, flow: definition.name, hop: job.hop + 1 }),
        statement: this.#write,
        parameters: [
          principal.subject,
          job.eventId,
          job.publishedAt,
          traceId,
          job.caseId,
          named,
          String(confidence),
          JSON.stringify(probabilities),
          JSON.stringify(contributions),
          model,
        ],
      });
      await hit('workflow.after-write-back');
      return result.outcome === 'executed' && result.body === 'duplicate' ? 'duplicate' : 'recommended';
    } catch (error) {
      if (isCode(error, 'PT409')) return 'moved';
      throw error;
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
