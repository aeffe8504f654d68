import { pause, reconnectDelay } from './backoff.ts';
import { writeHeaders, type WriteOptions } from './write-options.ts';

export interface IdempotentOptions extends WriteOptions {
  /** One key for one intended write, however often it is sent. Default: a random one. */
  key?: string;
  /** Gives up after this many sends. Default 10. */
  attempts?: number;
}

/** A new sampled trace (W3C Trace Context §3.2). */
export function newTraceparent(): string {
  const hex = (bytes: number): string => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `00-${hex(16)}-${hex(8)}-01`;
}

/**
 * Sends a write until it is answered: lost connections, services that are down, and a twin still running (409 with Retry-After) are
 * waited out. The key makes every send the same write, so that it happens once.
 */
export function idempotentFetch(send: typeof fetch, options: IdempotentOptions = {}): typeof fetch {
  const { attempts = 10, signal = new AbortController().signal } = options;
  const key = options.key ?? crypto.randomUUID();
  const traceparent = options.traceparent ?? newTraceparent();
  return async (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('idempotency-key', key);
    for (const [name, value] of Object.entries(writeHeaders({ ...options, traceparent }))) headers.set(name, value);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(input, { ...init, headers }).catch((error: unknown) => ({ error }));
      if ('error' in answer) {
        if (attempt >= attempts || signal.aborted || init.signal?.aborted) throw answer.error;
      } else if (attempt >= attempts || signal.aborted || !unanswered(answer)) return answer;
      await pause(waitMs(answer, attempt), signal);
    }
  };
}

function unanswered(response: Response): boolean {
  return [502, 503, 504].includes(response.status) || (response.status === 409 && response.headers.has('retry-after'));
}

function waitMs(answer: Response | { error: unknown }, attempt: number): number {
  const asked = answer instanceof Response ? Number(answer.headers.get('retry-after')) : 0;
  return asked > 0 ? Math.min(asked, 10) * 1000 : reconnectDelay(attempt, 5_000);
}
