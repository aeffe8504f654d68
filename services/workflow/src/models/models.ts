import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { Artefact } from '../classifier/artefact.ts';
import { Classifier } from '../classifier/classifier.ts';
import type { Evaluation } from '../classifier/train.ts';
import { artefactQuery, learningQuery, modelsQuery } from '../cases/compile-queries.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';

export interface StoredModel {
  version: string;
  /** Known answers it learnt from, test split included. */
  examples: number;
  metrics: Evaluation;
  /** Who asked for it. */
  trainedFor: string;
  /** ISO 8601. */
  createdAt: string;
}

/** Versions kept in memory: the newest, and those that a rolling change may still ask for. */
const KEPT = 3;

/** Models of one flow, read as the flow's principal. The table is the record; this is a cache of artefacts, which never change under their version. */
export class Models {
  readonly #governed: Governed;
  readonly #principal: Principal;
  readonly #definition: ExceptionFlowDefinition;
  readonly #loaded = new Map<string, Promise<Classifier>>();

  constructor(governed: Governed, principal: Principal, definition: ExceptionFlowDefinition) {
    this.#governed = governed;
    this.#principal = principal;
    this.#definition = definition;
  }

  /** Newest first. */
  async list(): Promise<StoredModel[]> {
    return JSON.parse((await this.#read(modelsQuery(this.#definition), [])) ?? '[]') as StoredModel[];
  }

  /** Version of the newest model, null when there is none; and how many known answers a new one would see. */
  async state(): Promise<{ model: string | null; examples: number }> {
    return JSON.parse((await this.#read(learningQuery(this.#definition), [])) ?? '{}') as { model: string | null; examples: number };
  }

  classifier(version: string): Promise<Classifier> {
    const known = this.#loaded.get(version);
    if (known) return known;
    const loading = this.#load(version);
    this.#loaded.set(version, loading);
    loading.catch(() => this.#loaded.delete(version));
    for (const oldest of this.#loaded.keys()) if (this.#loaded.size > KEPT) this.#loaded.delete(oldest);
    return loading;
  }

  async #load(version: string): Promise<Classifier> {
    const text = await this.#read(artefactQuery(this.#definition), [version]);
    if (text === null) throw new Error(`model ${version} of ${this.#definition.name} is gone`);
    return new Classifier(JSON.parse(text) as Artefact);
  }

  async #read(statement: string, parameters: string[]): Promise<string | null> {
    const { body } = await this.#governed.read({ principal: this.#principal, statement, parameters });
    return body;
  }
}
