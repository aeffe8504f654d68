import type { ChangeStreamEvents, StreamedChange } from '#contracts/http/change-stream';
import { type JsonValue, stringifyJson } from '#contracts/topics/json';

/** A change as one class of subscribers is sent it: an event of the stream up to its `id:` line, which the subscriber's own half may follow. */
export interface Frame {
  text: string;
  commitLsn: bigint;
  xid: number;
  committedMs: number;
}

/** Ends an event (WHATWG HTML §9.2.5). */
export const END = '\n\n';

export function changeFrame(change: StreamedChange, cursor: string): string {
  return `event: change\ndata: ${json(change)}\nid: ${cursor}`;
}

/** An event without a cursor, complete. */
export function eventText<Name extends keyof ChangeStreamEvents>(name: Name, data: ChangeStreamEvents[Name]): string {
  return `event: ${name}\ndata: ${json(data)}${END}`;
}

/** An event with a cursor, complete. */
export function eventWithCursor<Name extends keyof ChangeStreamEvents>(name: Name, data: ChangeStreamEvents[Name], cursor: string): string {
  return `event: ${name}\ndata: ${json(data)}\nid: ${cursor}${END}`;
}

/** Comment and, where the cursor has moved since, an event without data, which only moves the cursor. */
export function heartbeat(cursor: string | undefined): string {
  return cursor === undefined ? `:${END}` : `:\nid: ${cursor}${END}`;
}

/** Most rows hold no 64-bit integer beyond 2^53: the plain serialiser is several times faster. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return stringifyJson(value as JsonValue);
  }
}
