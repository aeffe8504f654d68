import { type TransferListItem, Worker } from 'node:worker_threads';

export interface WorkerThreadOptions<Answer> {
  /** `import.meta.url` of the file beside which the thread's own lies. */
  beside: string;
  /** Of the thread's file, without its extension, and of the thread. */
  name: string;
  workerData?: Record<string, unknown>;
  /** Takes a message that answers no request; true when it was one. */
  onNews?: (message: Answer | object) => boolean;
  /** What requests without an answer reject with when the thread ends: `error` is what it died of, undefined when it was told to end. */
  ended: (error: unknown) => Error;
}

/** A worker thread that answers numbered requests: `seq` is the request's, and the answer's. Works from TypeScript sources (Node strips the types) and from dist. */
export class WorkerThread<Answer extends { seq: number }> {
  readonly #options: WorkerThreadOptions<Answer>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #exited = Promise.withResolvers<void>();
  #seq = 0;
  #ended: Error | undefined;

  constructor(options: WorkerThreadOptions<Answer>) {
    const { beside, name, workerData } = options;
    this.#options = options;
    this.#worker = new Worker(new URL(`./${name}.${beside.endsWith('.ts') ? 'ts' : 'js'}`, beside), { workerData, name });
    this.#worker.on('message', (message: Answer | object) => this.#receive(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => {
      this.#end(undefined);
      this.#exited.resolve();
    });
  }

  /** What ended it; undefined while it runs. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Resolves when it has ended. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  /** The thread's first message, which nobody asked for: `seq` 0. */
  hello(): Promise<Answer> {
    return this.#await(0);
  }

  ask(request: object, transfer: readonly TransferListItem[] = []): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    const seq = (this.#seq += 1);
    const answer = this.#await(seq);
    this.#worker.postMessage({ ...request, seq }, transfer);
    return answer;
  }

  /** Ends it in the middle of whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #await(seq: number): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(seq, waiting);
    return waiting.promise;
  }

  #receive(message: Answer | object): void {
    if (this.#options.onNews?.(message)) return;
    const answer = message as Answer;
    this.#waiting.get(answer.seq)?.resolve(answer);
    this.#waiting.delete(answer.seq);
  }

  #end(error: unknown): void {
    this.#ended ??= this.#options.ended(error);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}
