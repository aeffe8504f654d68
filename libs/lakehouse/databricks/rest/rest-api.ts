import type { Credentials } from '../credentials.ts';
import type { HttpClient } from './http-client.ts';

export interface RestCall {
  method: 'GET' | 'POST';
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /** For messages. */
  what: string;
  /** Whether it may be sent again when nobody knows if it arrived. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** The workspace's REST API under our identity. Answers are parsed JSON; what they hold is checked by who asked. */
export class RestApi {
  readonly #http: HttpClient;
  readonly #credentials: Credentials;

  constructor(http: HttpClient, credentials: Credentials) {
    this.#http = http;
    this.#credentials = credentials;
  }

  async call({ method, path, query, body, what, repeatable, signal, timeoutMs }: RestCall): Promise<unknown> {
    const token = await this.#credentials.token();
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    return this.#http.request({
      method,
      path: `${path}${search}`,
      what,
      repeatable,
      signal,
      timeoutMs,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
