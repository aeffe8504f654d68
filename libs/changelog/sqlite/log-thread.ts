import { Failure } from '#libs/failure/failure';
import { WorkerThread } from '#libs/runtime/worker-thread';
import type { ThreadMessage } from './protocol.ts';

type Answer = Exclude<ThreadMessage, { trimmed: unknown }>;

/** A thread of the change log: answers are values, or the Failures that it names. */
export class LogThread<Request extends { type: string }> {
  readonly #thread: WorkerThread<Answer>;

  private constructor(thread: WorkerThread<Answer>) {
    this.#thread = thread;
  }

  /** Starts `writer-thread` or `reader-thread`; resolves with its first message. */
  static async start<Request extends { type: string }, Hello>(
    name: 'writer-thread' | 'reader-thread',
    workerData: Record<string, unknown>,
    onTrimmed: (trimmed: readonly [number, number][]) => void = () => undefined,
  ): Promise<{ thread: LogThread<Request>; hello: Hello }> {
    const onNews = (message: object): boolean => {
      if (!('trimmed' in message)) return false;
      onTrimmed((message as Extract<ThreadMessage, { trimmed: unknown }>).trimmed);
      return true;
    };
    const thread = new WorkerThread<Answer>({ beside: import.meta.url, name, workerData, onNews, ended });
    return { thread: new LogThread<Request>(thread), hello: valueOf<Hello>(await thread.hello()) };
  }

  /** Rejects with the Failure that the thread names. */
  async ask<Reply>(request: Request): Promise<Reply> {
    return valueOf<Reply>(await this.#thread.ask(request));
  }

  /** Asks the thread to finish and waits for its end. */
  async close(request: Request): Promise<void> {
    if (this.#thread.ended) return;
    await this.ask(request).catch(() => undefined);
    await this.#thread.exited;
  }
}

function valueOf<Value>(answer: Answer): Value {
  if ('failure' in answer) throw new Failure(answer.failure.kind, answer.failure.message);
  return answer.value as Value;
}

function ended(error: unknown): Failure {
  return new Failure(
    error ? 'bug' : 'dependency-unavailable',
    error instanceof Error ? `the change log's thread died: ${error.message}` : 'the change log is closed',
    { cause: error },
  );
}
