import { Failure } from '#libs/failure/failure';
import { WorkerThread } from '#libs/runtime/worker-thread';
import type { Staged, StageReply, StageRequest } from './stage-protocol.ts';

/** The staging thread of a process; started by the first request. */
export class StageThread {
  #thread: WorkerThread<StageReply> | undefined;

  /** Takes `bytes` over. Rejects with what the disk said; a thread that died is started anew by the next request. */
  async stage(request: Omit<StageRequest, 'seq'>): Promise<Staged> {
    if (!this.#thread || this.#thread.ended) this.#thread = new WorkerThread({ beside: import.meta.url, name: 'stage-worker', ended });
    const reply = await this.#thread.ask(request, [request.bytes.buffer as ArrayBuffer]);
    if ('staged' in reply) return reply.staged;
    throw Object.assign(new Error(reply.error.message), { code: reply.error.code });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}

function ended(error: unknown): Failure {
  return new Failure('overloaded', `the staging thread ended${error instanceof Error ? `: ${error.message}` : ''}`, { cause: error });
}
