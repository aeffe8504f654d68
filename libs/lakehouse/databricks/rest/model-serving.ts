import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { parsed } from './jobs.ts';
import type { RestApi } from './rest-api.ts';

const answered = z.object({ predictions: z.unknown().optional() });

/** A value of a model's input: what JSON can say. */
export type ModelValue = string | number | boolean | null | readonly ModelValue[] | { readonly [key: string]: ModelValue };

/** Rows for a model: one object each, or columns named once and rows of values (smaller when there are many). */
export type ModelInput =
  { records: readonly Readonly<Record<string, ModelValue>>[] } | { columns: readonly string[]; data: readonly (readonly ModelValue[])[] };

export interface Invocation {
  endpoint: string;
  input: ModelInput;
  /** Default 60,000. An endpoint that scaled to zero takes minutes for its first answer. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Databricks Model Serving: `POST /serving-endpoints/{name}/invocations`, custom models. */
export class ModelServing {
  readonly #api: RestApi;

  constructor(api: RestApi) {
    this.#api = api;
  }

  /** The model's predictions, one for each row. An endpoint that is not there, or an input that the model refuses: `invalid-input`. */
  async invoke({ endpoint, input, timeoutMs, signal }: Invocation): Promise<unknown[]> {
    const rows = 'records' in input ? input.records.length : input.data.length;
    const body = 'records' in input ? { dataframe_records: input.records } : { dataframe_split: { columns: input.columns, data: input.data } };
    const answer = await this.#call(endpoint, body, { timeoutMs, signal });
    const { predictions } = parsed(answered, answer, `the model ${endpoint}`);
    if (!Array.isArray(predictions) || predictions.length !== rows)
      throw new Failure(
        'protocol-violation',
        `the model ${endpoint} gave ${Array.isArray(predictions) ? predictions.length : 'no'} predictions for ${rows} rows`,
      );
    return predictions as unknown[];
  }

  async #call(endpoint: string, body: unknown, limits: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined }): Promise<unknown> {
    const path = `/serving-endpoints/${encodeURIComponent(endpoint)}/invocations`;
    try {
      // A model only answers: asking twice does no harm.
      return await this.#api.call({ method: 'POST', path, body, what: `for predictions of ${endpoint}`, repeatable: true, ...limits });
    } catch (error) {
      if (error instanceof Failure && error.detail['status'] === 404)
        throw new Failure('invalid-input', `Databricks serves no model ${endpoint}`, { cause: error });
      throw error;
    }
  }
}
