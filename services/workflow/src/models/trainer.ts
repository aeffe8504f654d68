import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import type { Logger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { examplesQuery, storeModelStatement, trainingLock } from '../cases/compile-queries.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import type { Models, StoredModel } from './models.ts';
import { runTraining, type TrainingResult } from './run-training.ts';

export interface TrainerOptions {
  definition: ExceptionFlowDefinition;
  principal: Principal;
  models: Models;
  governed: Governed;
  pool: pg.Pool;
  /** The worker thread connects by itself. */
  connectionString: string;
  logger: Logger;
}

/** Makes models of one flow: one training at a time over all processes, stored by the flow's principal. */
export class Trainer {
  readonly #options: TrainerOptions;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** Trains when there is no model and enough is known. Returns whether it did. */
  async first(signal: AbortSignal): Promise<boolean> {
    const { models, definition, logger } = this.#options;
    const { model, examples } = await models.state();
    if (model !== null) return false;
    if (examples < definition.learning.minimumExamples) {
      logger.info({ flow: definition.name, examples, needed: definition.learning.minimumExamples }, 'no model yet: too few known answers; cases wait');
      return false;
    }
    await this.train(undefined, signal);
    return true;
  }

  /**
   * Trains on everything known and stores the model, which counts from then on. Throws a `conflict` Failure when another training runs, `invalid-input`
   * when too little is known.
   */
  async train(caller: Principal | undefined, signal: AbortSignal): Promise<StoredModel> {
    const { definition, models } = this.#options;
    const { examples } = await models.state();
    if (examples < definition.learning.minimumExamples)
      throw new Failure('invalid-input', `${examples} known answers are too few to learn from: ${definition.learning.minimumExamples} are needed`);
    return this.#alone(async () => this.#store(await this.#run(signal), caller));
  }

  async #run(signal: AbortSignal): Promise<TrainingResult> {
    const { definition, connectionString } = this.#options;
    const { learning, labels, features, name, principalRole } = definition;
    const plan = { flow: name, classes: labels.map((label) => label.class), features, l2: learning.l2, seed: learning.seed };
    try {
      return await runTraining({ connectionString, role: principalRole, statement: examplesQuery(definition), plan }, signal);
    } catch (error) {
      throw classify(error);
    }
  }

  async #store({ version, examples, evaluation, artefact }: TrainingResult, caller: Principal | undefined): Promise<StoredModel> {
    const { definition, principal, governed, logger } = this.#options;
    const trainedFor = caller?.subject ?? principal.subject;
    const result = await governed.execute({
      principal,
      context: contextOf(principal, {
        requestId: randomUUID(),
        traceparent: newTraceparent(),
        flow: definition.name,
        reason: caller ? 'asked for' : 'first start',
        ...(caller ? { onBehalfOf: caller.subject } : {}),
      }),
      statement: storeModelStatement(definition),
      parameters: [version, String(examples), JSON.stringify(evaluation), artefact, trainedFor],
    });
    const createdAt = (result.outcome === 'executed' ? result.body : null) ?? new Date().toISOString();
    const { accuracy, macroF1, calibrationError } = evaluation.model;
    logger.info({ flow: definition.name, version, examples, accuracy, macroF1, calibrationError }, 'model trained');
    return { version, examples, metrics: evaluation, trainedFor, createdAt };
  }

  /** Holds a session lock; the connection goes back to the pool without it. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const client = await this.#options.pool.connect();
    const lock = trainingLock(this.#options.definition);
    let lost: Error | undefined;
    try {
      const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${lock}) as taken`);
      if (!rows[0]?.taken) throw new Failure('conflict', `a model of ${this.#options.definition.name} is being trained already`);
      return await work().finally(() => client.query(`select pg_advisory_unlock(${lock})`).catch((error: Error) => (lost = error)));
    } finally {
      client.release(lost);
    }
  }
}
