import type { Batch, BatchAnswers } from '#contracts/http/batch';
import { parseJson, stringifyJson } from '#contracts/topics/json';
import type { Http } from './http.ts';
import { type IdempotentOptions, idempotentFetch } from './idempotent-fetch.ts';

/** One request of a batch, in PostgREST's dialect. */
export interface BatchRequest {
  method: Batch['requests'][number]['method'];
  /** Default: the first schema that the service exposes. */
  schema?: string;
  table: string;
  /** `id=eq.7&select=id`, or by parameter. */
  query?: string | URLSearchParams | Readonly<Record<string, string>>;
  /** Of `prefer`, `accept`, `range`, `if-match` …; `accept: application/vnd.pgrst.object+json` refuses the batch unless it is one row. */
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a bigint with all its digits. */
  body?: unknown;
  /** In `body`'s place: JSON text, sent as it is. */
  json?: string;
  /**
   * Of a PATCH, in the place of query, headers and body: any number of rows, each by its key and to values of its own. `was`: what its cells were seen as. All are
   * changed, or the batch is refused: 412 `changed-since`, or PostgreSQL's refusal, with `problem.change`, from 0.
   */
  changes?: Batch['requests'][number]['changes'];
}

export interface BatchOutcome {
  /** In the order of the requests. */
  answers: BatchAnswers['answers'];
  /** It was carried out before under the same key, and only the statuses are known: read the rows. */
  replayed: boolean;
}

/** Sends a batch until it is answered; it happens once. */
export async function runBatch(http: Http, requests: readonly BatchRequest[], options: IdempotentOptions = {}): Promise<BatchOutcome> {
  const json = `{"requests":[${requests.map(textOf).join(',')}]}`;
  const response = await http.send('/v1/batch', { method: 'POST', json, signal: options.signal, send: idempotentFetch(http.fetch, options) });
  const { answers } = parseJson(await response.text()) as unknown as BatchAnswers;
  return { answers, replayed: response.headers.get('idempotent-replayed') === 'true' };
}

function textOf({ method, schema, table, query = '', headers = {}, body, json, changes }: BatchRequest): string {
  const parameters = typeof query === 'string' ? query : String(new URLSearchParams(query));
  const path = `${encodeURIComponent(table)}${parameters === '' ? '' : `?${parameters}`}`;
  const given = Object.entries({ schema, body, changes }).filter(([, value]) => value !== undefined);
  const said = stringifyJson({ method, path, headers, ...Object.fromEntries(given) });
  return json === undefined ? said : `${said.slice(0, -1)},"body":${json}}`;
}
