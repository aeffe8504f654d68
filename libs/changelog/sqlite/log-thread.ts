import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Failure } from '#libs/failure/failure';
import type { ThreadMessage } from './protocol.ts';

/** A worker thread that answers numbered requests. Works from TypeScript sources (Node strips the types) and from dist. */
export class LogThread<Request extends { type: string }> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #onTrimmed: (trimmed: readonly [number, number][]) => void;
  #seq = 0;
  #ended: Failure | undefined;

  private constructor(worker: Worker, onTrimmed: (trimmed: readonly [number, number][]) => void) {
    this.#worker = worker;
    this.#onTrimmed = onTrimmed;
    this.#waiting.set(0, Promise.withResolvers());
    worker.on('message', (message: ThreadMessage) => this.#receive(message));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(undefined));
  }

  /** Starts `writer-thread` or `reader-thread`; resolves with its first message. */
  static async start<Request extends { type: string }, Hello>(
    name: 'writer-thread' | 'reader-thread',
    workerData: Record<string, unknown>,
    onTrimmed: (trimmed: readonly [number, number][]) => void = () => undefined,
  ): Promise<{ thread: LogThread<Request>; hello: Hello }> {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./${name}.${extension}`, import.meta.url), { workerData, name });
    const thread = new LogThread<Request>(worker, onTrimmed);
    const hello = (await thread.#waiting.get(0)?.promise) as Hello;
    return { thread, hello };
  }

  /** Rejects with the Failure that the thread names. */
  ask<Reply>(request: Request): Promise<Reply> {
    if (this.#ended) return Promise.reject(this.#ended);
    const seq = (this.#seq += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(seq, waiting);
    this.#worker.postMessage({ seq, ...request });
    return waiting.promise as Promise<Reply>;
  }

  /** Asks the thread to finish and waits for its end. */
  async close(request: Request): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#worker, 'exit');
    await this.ask(request).catch(() => undefined);
    await exited;
  }

  #receive(message: ThreadMessage): void {
    if ('trimmed' in message) return this.#onTrimmed(message.trimmed);
    const waiting = this.#waiting.get(message.seq);
    this.#waiting.delete(message.seq);
    if ('failure' in message) waiting?.reject(new Failure(message.failure.kind, message.failure.message));
    else waiting?.resolve(message.value);
  }

  #end(error: unknown): void {
    this.#ended ??= new Failure(
      error ? 'bug' : 'dependency-unavailable',
      error instanceof Error ? `the change log's thread died: ${error.message}` : 'the change log is closed',
      { cause: error },
    );
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}
