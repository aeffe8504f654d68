import { Worker } from 'node:worker_threads';
import { Failure } from '#libs/failure/failure';
import type { Staged, StageReply, StageRequest } from './stage-protocol.ts';

/** The staging thread of a process; started by the first request. Works from TypeScript sources (Node strips the types) and from dist. */
export class StageThread {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, PromiseWithResolvers<Staged>>();
  #seq = 0;

  /** Takes `bytes` over. Rejects with what the disk said; a thread that died is started anew by the next request. */
  stage(request: Omit<StageRequest, 'seq'>): Promise<Staged> {
    const worker = (this.#worker ??= this.#start());
    const seq = (this.#seq += 1);
    const waiting = Promise.withResolvers<Staged>();
    this.#waiting.set(seq, waiting);
    worker.postMessage({ ...request, seq } satisfies StageRequest, [request.bytes.buffer as ArrayBuffer]);
    return waiting.promise;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./stage-worker.${extension}`, import.meta.url), { name: 'stage-worker' });
    worker.on('message', (reply: StageReply) => this.#receive(reply));
    worker.on('error', (error) => this.#end(worker, error));
    worker.on('exit', () => this.#end(worker, undefined));
    return worker;
  }

  #receive(reply: StageReply): void {
    const waiting = this.#waiting.get(reply.seq);
    this.#waiting.delete(reply.seq);
    if ('staged' in reply) waiting?.resolve(reply.staged);
    else waiting?.reject(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
  }

  #end(worker: Worker, error: unknown): void {
    if (this.#worker === worker) this.#worker = undefined;
    const failure = new Failure('overloaded', `the staging thread ended${error instanceof Error ? `: ${error.message}` : ''}`, { cause: error });
    for (const waiting of this.#waiting.values()) waiting.reject(failure);
    this.#waiting.clear();
  }
}
