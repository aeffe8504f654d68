import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { HttpProblem } from './http-problem.ts';

export type Token = string | (() => string | undefined | Promise<string | undefined>);

export interface EventSourceCall {
  url: string;
  token: Token | undefined;
  lastEventId: string | undefined;
  /** No byte for so long, ms: the connection is given up. */
  silenceMs: number;
  /** More headers. */
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  fetch: typeof fetch;
  onOpen: () => void;
  /** Once for each event, in order; `id` is the cursor after it. */
  onEvent: (event: EventSourceMessage) => void;
  /** A cursor that came without an event. */
  onCursor: (cursor: string) => void;
}

/**
 * Reads one response of server-sent events to its end. By `fetch`, for `EventSource` can't send a bearer token and a token has no place in a URL.
 * Throws `HttpProblem` for any other answer than a stream, or what `fetch` throws.
 */
export async function readEventSource(call: EventSourceCall): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), call.silenceMs);
  try {
    const signal = AbortSignal.any([call.signal, silence.signal]);
    const response = await call.fetch(call.url, { headers: await headersOf(call), signal, cache: 'no-store', credentials: 'same-origin' });
    if (!response.ok || !response.body) throw await HttpProblem.from(response);
    call.onOpen();
    const parser = createParser({ onEvent: call.onEvent, onId: call.onCursor });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), call.silenceMs);
      parser.feed(decoder.decode(chunk.value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
    // Also ends the request when a handler has thrown.
    silence.abort();
  }
}

async function headersOf({ token, lastEventId, headers }: EventSourceCall): Promise<Record<string, string>> {
  return { ...headers, accept: 'text/event-stream', ...(await authorization(token)), ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
}

/** The header that a token makes; none when a cookie does its work. */
export async function authorization(token: Token | undefined): Promise<Record<string, string>> {
  const value = typeof token === 'function' ? await token() : token;
  return value === undefined || value === '' ? {} : { authorization: `Bearer ${value}` };
}
