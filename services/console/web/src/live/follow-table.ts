import { createParser } from 'eventsource-parser';
import type { ChangeStreamEvents } from '#contracts/http/change-stream';
import { parseJson } from '#contracts/topics/json';
import { apiErrorOf } from '../api/api-error.ts';
import type { Row } from '../api/rows.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'refused';

export interface TableHandlers {
  snapshot(rows: Row[]): void;
  ready(): void;
  /** `after` is null for a delete; both are null for a truncate. */
  change(key: Row | null, after: Row | null): void;
  connection(state: Connection, problem: string | undefined): void;
}

/** Follows a table's change stream until `signal` aborts. */
export function followTable(table: string, signal: AbortSignal, handlers: TableHandlers): void {
  void follow(table, signal, handlers);
}

async function follow(table: string, signal: AbortSignal, handlers: TableHandlers): Promise<void> {
  let cursor: string | undefined;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const response = await fetch(`/v1/changes/${table}`, {
        signal,
        headers: { accept: 'text/event-stream', ...(cursor ? { 'last-event-id': cursor } : {}) },
      });
      if (response.status === 401 || response.status === 403) return handlers.connection('refused', (await apiErrorOf(response)).message);
      if (!response.ok || !response.body) throw await apiErrorOf(response);
      const parser = createParser({
        onEvent: ({ event, data, id }) => {
          if (id) cursor = id;
          const body = parseJson(data) as unknown;
          if (event === 'snapshot') handlers.snapshot((body as ChangeStreamEvents['snapshot']).rows);
          if (event === 'ready') handlers.ready();
          if (event === 'reset') cursor = undefined;
          if (event === 'change') handlers.change((body as ChangeStreamEvents['change']).key, (body as ChangeStreamEvents['change']).after);
        },
      });
      attempt = 0;
      handlers.connection('live', undefined);
      const decoder = new TextDecoder();
      for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      if (signal.aborted) return;
      handlers.connection('reconnecting', error instanceof Error ? error.message : undefined);
    }
    handlers.connection('reconnecting', undefined);
    await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 250 * 2 ** attempt)));
  }
}
