import type { Artefact } from './artefact.ts';
import { type Cell, encode, type FeatureEncoding } from './encoding.ts';
import type { FeatureValue } from './feature.ts';
import { softmax } from './logistic.ts';

export interface Contribution {
  /** Feature name; `bias` for what holds before anything is looked at. */
  feature: string;
  title: string;
  value: FeatureValue;
  /** Its part of the named class's logit, after calibration, in nats. */
  contribution: number;
  /** For text: the terms that weigh most. */
  terms?: { term: string; contribution: number }[];
}

export interface Classification {
  class: string;
  /** Calibrated probability of `class`. */
  confidence: number;
  probabilities: Record<string, number>;
  /** Calibrated logit of `class`: exactly the sum of `contributions` in their order. */
  logit: number;
  /** Heaviest first. */
  contributions: Contribution[];
}

/** Terms told of a text. */
const TERMS = 5;

/** A model ready to use. Pure: no clock, no randomness; the same values give the same answer. */
export class Classifier {
  readonly #artefact: Artefact;
  readonly #weights: ReadonlyMap<number, readonly number[]>;

  constructor(artefact: Artefact) {
    this.#artefact = artefact;
    this.#weights = new Map(artefact.weights.map(([column = -1, ...weights]) => [column, weights]));
  }

  get classes(): readonly string[] {
    return this.#artefact.classes;
  }

  /** Names of the inputs, in the order in which `classify` takes them. */
  get features(): string[] {
    return this.#artefact.encodings.map((encoding) => encoding.name);
  }

  /** Logits before calibration. */
  logits(values: readonly FeatureValue[]): number[] {
    const cells = this.#cells(values);
    return this.#artefact.classes.map((_, k) => cells.reduce((sum, part) => sum + this.#sum(part, k), this.#artefact.bias[k] ?? 0));
  }

  probabilities(values: readonly FeatureValue[]): number[] {
    const scores = this.logits(values).map((score) => score / this.#artefact.temperature);
    softmax(scores);
    return scores;
  }

  classify(values: readonly FeatureValue[]): Classification {
    const { classes } = this.#artefact;
    const probabilities = this.probabilities(values);
    const best = probabilities.indexOf(Math.max(...probabilities));
    const contributions = this.#explain(values, best);
    return {
      class: classes[best] ?? '',
      confidence: probabilities[best] ?? 0,
      probabilities: Object.fromEntries(classes.map((name, k) => [name, probabilities[k] ?? 0])),
      logit: contributions.reduce((sum, { contribution }) => sum + contribution, 0),
      contributions,
    };
  }

  #explain(values: readonly FeatureValue[], k: number): Contribution[] {
    const { encodings, bias, temperature } = this.#artefact;
    const parts: Contribution[] = [{ feature: 'bias', title: 'How common this is', value: null, contribution: (bias[k] ?? 0) / temperature }];
    this.#cells(values).forEach((cells, index) => {
      const encoding = encodings[index] as FeatureEncoding;
      const part: Contribution = {
        feature: encoding.name,
        title: encoding.title,
        value: values[index] ?? null,
        contribution: this.#sum(cells, k) / temperature,
      };
      parts.push(encoding.kind === 'text' ? { ...part, terms: this.#heaviest(cells, k) } : part);
    });
    return parts.toSorted((left, right) => Math.abs(right.contribution) - Math.abs(left.contribution));
  }

  #heaviest(cells: readonly Cell[], k: number): { term: string; contribution: number }[] {
    const byTerm = new Map<string, number>();
    for (const cell of cells) byTerm.set(cell.term ?? '', (byTerm.get(cell.term ?? '') ?? 0) + this.#sum([cell], k) / this.#artefact.temperature);
    const ranked = [...byTerm].map(([term, contribution]) => ({ term, contribution })).filter(({ contribution }) => contribution !== 0);
    return ranked.toSorted((left, right) => Math.abs(right.contribution) - Math.abs(left.contribution)).slice(0, TERMS);
  }

  /** The cells of each feature. */
  #cells(values: readonly FeatureValue[]): Cell[][] {
    return this.#artefact.encodings.map((encoding, index) => encode(encoding, values[index] ?? null));
  }

  #sum(cells: readonly Cell[], k: number): number {
    let sum = 0;
    for (const { column, value } of cells) sum += value * (this.#weights.get(column)?.[k] ?? 0);
    return sum;
  }
}
