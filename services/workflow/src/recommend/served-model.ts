import { Failure } from '#libs/failure/failure';
import type { ModelServing } from '#libs/lakehouse/databricks/rest/model-serving';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import type { Classification } from '../classifier/classifier.ts';
import type { FeatureValue } from '../classifier/feature.ts';

/** What is written back: which model said so, and what it said. */
export type Recommendation = Pick<Classification, 'class' | 'confidence' | 'probabilities'> & { model: string; contributions: readonly object[] };

/** Databricks Model Serving. */
export type Served = Pick<ModelServing, 'invoke'>;

/**
 * A served model as a flow's recommender: one record of the flow's features by name in, one prediction out. Understood are
 * `{class, confidence, probabilities?, contributions?, model_version?}`, an object of class → probability, and an array of probabilities in the order of
 * the flow's labels. A label alone is refused: its confidence would be invented.
 */
export class ServedModel {
  readonly #serving: Served | null;

  constructor(serving: Served | null) {
    this.#serving = serving;
  }

  /** Rejects with `misconfigured` where no serving is configured, `protocol-violation` for an answer that means nothing here. */
  async recommend(endpoint: string, definition: ExceptionFlowDefinition, values: readonly FeatureValue[]): Promise<Recommendation> {
    if (!this.#serving)
      throw new Failure(
        'misconfigured',
        `flow ${definition.name} asks the served model ${endpoint}, but no serving is configured: set DATABRICKS_HOST and its credentials`,
      );
    const record = Object.fromEntries(definition.features.map(({ name }, index) => [name, values[index] ?? null]));
    const [first] = await this.#serving.invoke({ endpoint, input: { records: [record] } });
    const labels = definition.labels.map((label) => label.class);
    return understood(first, endpoint, labels);
  }
}

function understood(prediction: unknown, endpoint: string, labels: readonly string[]): Recommendation {
  if (Array.isArray(prediction)) return byProbabilities(pairs(prediction, labels), endpoint, labels);
  if (typeof prediction !== 'object' || prediction === null) return refuse(endpoint, `a ${typeof prediction} instead of probabilities`);
  if (!('class' in prediction)) return byProbabilities(prediction as Record<string, unknown>, endpoint, labels);
  const { class: named, confidence, probabilities, contributions, model_version: version } = prediction as Record<string, unknown>;
  if (typeof named !== 'string' || !labels.includes(named))
    return refuse(endpoint, `the class ${JSON.stringify(named)}, which is none of ${labels.join(', ')}`);
  if (!isProbability(confidence)) return refuse(endpoint, 'a confidence that is not between 0 and 1');
  return {
    model: typeof version === 'string' || typeof version === 'number' ? `${endpoint}@${version}` : endpoint,
    class: named,
    confidence,
    probabilities: isProbabilities(probabilities, labels) ? probabilities : { [named]: confidence },
    contributions: Array.isArray(contributions) ? contributions.filter((item) => typeof item === 'object' && item !== null) : [],
  };
}

function pairs(values: readonly unknown[], labels: readonly string[]): Record<string, unknown> {
  return values.length === labels.length ? Object.fromEntries(labels.map((label, index) => [label, values[index]])) : {};
}

function byProbabilities(probabilities: Record<string, unknown>, endpoint: string, labels: readonly string[]): Recommendation {
  if (!isProbabilities(probabilities, labels)) return refuse(endpoint, `something else than probabilities of ${labels.join(', ')}`);
  const [best] = Object.entries(probabilities).toSorted(([, left], [, right]) => right - left);
  if (!best) return refuse(endpoint, 'no probability');
  return { model: endpoint, class: best[0], confidence: best[1], probabilities, contributions: [] };
}

function isProbabilities(value: unknown, labels: readonly string[]): value is Record<string, number> {
  return (
    typeof value === 'object' && value !== null && Object.entries(value).every(([name, probability]) => labels.includes(name) && isProbability(probability))
  );
}

function isProbability(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function refuse(endpoint: string, what: string): never {
  throw new Failure('protocol-violation', `the served model ${endpoint} answered ${what}`);
}
