import { Agent, request } from 'undici';
import { Failure } from '#libs/failure/failure';
import { connectionFailure, httpFailure } from '../failures.ts';
import { type RetryOptions, retried } from '../retry.ts';

export interface HttpClientOptions {
  /** `host` or `host:port`; always HTTPS. */
  host: string;
  retry: RetryOptions;
  /** Limit for one answer, ms. Default 60,000. */
  timeoutMs?: number;
  /** PEM of a certificate authority that is trusted besides the usual ones. */
  caCertificate?: string | undefined;
}

export interface HttpRequest {
  method: 'GET' | 'POST';
  path: string;
  /** What is asked, for messages: `Databricks is too busy for <what>`. */
  what: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** Whether it may be sent again when nobody knows if it arrived. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** JSON over HTTPS with bounded retries: 429 and 503 always, since the gateway did nothing; other 5xx and broken connections only where a repetition is harmless. */
export class HttpClient {
  readonly origin: string;
  readonly #agent: Agent;
  readonly #retry: RetryOptions;
  readonly #timeoutMs: number;

  constructor({ host, retry, timeoutMs = 60_000, caCertificate }: HttpClientOptions) {
    this.origin = new URL(`https://${host}`).origin;
    this.#retry = retry;
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({ connections: 8, ...(caCertificate === undefined ? {} : { connect: { ca: caCertificate } }) });
  }

  request(asked: HttpRequest): Promise<unknown> {
    return retried(() => this.#once(asked), { ...this.#retry, repeatable: asked.repeatable, signal: asked.signal });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #once({ method, path, what, headers = {}, body, signal, timeoutMs = this.#timeoutMs }: HttpRequest): Promise<unknown> {
    const limit = AbortSignal.timeout(timeoutMs);
    let status: number | undefined;
    try {
      const response = await request(`${this.origin}${path}`, {
        method,
        headers: { accept: 'application/json', ...headers },
        dispatcher: this.#agent,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        ...(body === undefined ? {} : { body }),
      });
      status = response.statusCode;
      const text = await response.body.text();
      if (status === 200) return JSON.parse(text) as unknown;
      throw failureOf(status, what, text, response.headers['retry-after']);
    } catch (error) {
      if (error instanceof Failure) throw error;
      signal?.throwIfAborted();
      if (limit.aborted) throw new Failure('timeout', `Databricks did not answer ${what} within ${timeoutMs} ms`, { cause: error });
      if (error instanceof SyntaxError)
        throw new Failure('protocol-violation', `Databricks answered ${what} with something that is not JSON`, { cause: error });
      throw connectionFailure(error);
    }
  }
}

/** Databricks' REST errors carry an `error_code`; its message may quote the input and is left out. */
function failureOf(status: number, what: string, text: string, retryAfter: string | string[] | undefined): Failure {
  const base = httpFailure(status, what);
  const code = /"error_code"\s*:\s*"([A-Z_]+)"/.exec(text)?.[1];
  const detail = { ...base.detail, ...(code === undefined ? {} : { errorCode: code }), ...(typeof retryAfter === 'string' ? { retryAfter } : {}) };
  return new Failure(base.kind, code === undefined ? base.message : `${base.message} (${code})`, { detail });
}
