import { type JsonValue, parseJson, stringifyJson } from '#contracts/topics/json';
import { authorization, type Token } from './event-source.ts';
import { HttpProblem } from './http-problem.ts';

export interface HttpOptions {
  /** Base URL; `''` for the page's own origin. */
  url: string;
  token?: Token;
  fetch?: typeof fetch;
}

/** What may be said with a read. */
export interface Reading {
  signal?: AbortSignal | undefined;
}

export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** What is undefined is left out. */
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; a bigint with all its digits. */
  body?: unknown;
  /** In `body`'s place: JSON text, sent as it is. */
  json?: string | undefined;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  /** In the place of the authenticated `fetch`. */
  send?: typeof fetch;
}

/** Requests to one Lakeloop as one caller. */
export class Http {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  url(path: string): string {
    const base = this.#options.url === '' ? globalThis.location.origin : this.#options.url;
    return `${base.replace(/\/$/, '')}${path}`;
  }

  /** The caller's headers: none where a cookie does their work. */
  authorization(): Promise<Record<string, string>> {
    return authorization(this.#options.token);
  }

  /** `fetch`, authenticated. */
  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(await this.authorization())) headers.set(name, value);
    return (this.#options.fetch ?? globalThis.fetch)(input, { ...init, headers });
  };

  /** The answer, whose body is not read. Throws `HttpProblem` for a refusal, and what `fetch` throws where there was no answer. */
  async send(path: string, { method = 'GET', query = {}, headers = {}, signal, send = this.fetch, ...call }: Call = {}): Promise<Response> {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
    const body = call.json ?? (call.body === undefined ? undefined : stringifyJson(call.body as JsonValue));
    const response = await send(this.url(given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`), {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw await HttpProblem.from(response);
    return response;
  }

  /** The answer's JSON; integers beyond 2^53 as bigint. Throws as `send` does. */
  async json<T>(path: string, call: Call = {}): Promise<T> {
    return parseJson(await (await this.send(path, call)).text()) as T;
  }
}
