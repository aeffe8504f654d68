import { createParser } from 'eventsource-parser';
import type { ChangeStreamEvents, StreamedChange } from '#contracts/http/change-stream';

export interface ReadEvent {
  event: keyof ChangeStreamEvents;
  id: string | undefined;
  data: unknown;
}

/** A client of the stream that keeps everything, and can wait for what it wants to see. */
export class EventReader {
  readonly response: Response;
  readonly events: ReadEvent[] = [];
  readonly cursors: string[] = [];
  readonly #abort: AbortController;
  #news = Promise.withResolvers<void>();
  #ended = false;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    void this.#read();
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventReader> {
    const abort = new AbortController();
    return new EventReader(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get changes(): StreamedChange[] {
    return this.events.filter(({ event }) => event === 'change').map(({ data }) => data as StreamedChange);
  }

  get rows(): Record<string, unknown>[] {
    return this.events.filter(({ event }) => event === 'snapshot').flatMap(({ data }) => (data as ChangeStreamEvents['snapshot']).rows);
  }

  of<Name extends keyof ChangeStreamEvents>(name: Name): ChangeStreamEvents[Name][] {
    return this.events.filter(({ event }) => event === name).map(({ data }) => data as ChangeStreamEvents[Name]);
  }

  /** Resolves once `seen` holds; throws when the stream ends, or 20 s pass, before that. */
  async until(seen: (reader: this) => boolean, what = 'the expected event'): Promise<void> {
    const late = AbortSignal.timeout(20_000);
    const lateness = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve()));
    while (!seen(this)) {
      if (this.#ended || late.aborted)
        throw new Error(`${this.#ended ? 'the stream ended' : '20 s passed'} before ${what}: ${JSON.stringify(this.events.slice(-5))}`);
      await Promise.race([this.#news.promise, lateness]);
    }
  }

  ready(): Promise<void> {
    return this.until((reader) => reader.of('ready').length > 0, 'ready');
  }

  async end(): Promise<void> {
    const late = AbortSignal.timeout(20_000);
    while (!this.#ended) {
      if (late.aborted) throw new Error('the stream did not end');
      await Promise.race([this.#news.promise, new Promise<void>((resolve) => late.addEventListener('abort', () => resolve()))]);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const parser = createParser({
      onId: (id) => this.cursors.push(id),
      onEvent: ({ event, id, data }) => this.events.push({ event: event as ReadEvent['event'], id, data: JSON.parse(data) as unknown }),
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        this.#tell();
      }
    } catch {
      // Cut off: as good as ended.
    }
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    const { resolve } = this.#news;
    this.#news = Promise.withResolvers();
    resolve();
  }
}
