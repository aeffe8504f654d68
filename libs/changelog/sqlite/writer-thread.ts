/** The thread that commits: it takes what has come in, writes it in one transaction, and answers. Erasable TypeScript, no imports of other packages. */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { openForWriting } from './database.ts';
import { LogStore } from './log-store.ts';
import type { ThreadMessage, WireFailure, WriterRequest } from './protocol.ts';

type Incoming = { seq: number } & WriterRequest;

/** A transaction's bounds: what arrives meanwhile waits for the next. */
const GROUP_RECORDS = 20_000;
/** Offsets ride on the next append; without one they are written after this, ms. */
const COMMIT_DELAY_MS = 10;
/** Records removed in one transaction, so that appends wait little for housekeeping. */
const SWEEP_RECORDS = 500;

const { file, retentionCheckMs } = workerData as { file: string; retentionCheckMs: number };
const port = parentPort as MessagePort;
const db = openForWriting(file);
const store = new LogStore(db);
const offsets = new Map<string, { group: string; partitionId: number; next: number; seqs: number[] }>();
let offsetTimer: NodeJS.Timeout | undefined;

function post(message: ThreadMessage): void {
  port.postMessage(message);
}

function failureOf(error: unknown): WireFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  // SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CORRUPT
  if (code === 13) return { kind: 'storage-full', message: `no space left for the change log: ${message}` };
  if (code === 10) return { kind: 'dependency-unavailable', message: `the change log's disk failed: ${message}` };
  if (code === 8 || code === 11) return { kind: 'misconfigured', message: `the change log can't be written: ${message}` };
  return { kind: 'bug', message };
}

class Refusal extends Error {
  readonly failure: WireFailure;
  constructor(failure: WireFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Runs `work` in a transaction; on an error nothing of it stays. */
function transaction<T>(work: () => T): T {
  db.exec('begin immediate');
  let committed = false;
  try {
    const result = work();
    db.exec('commit');
    committed = true;
    return result;
  } finally {
    if (!committed && db.isTransaction) db.exec('rollback');
    store.settle(committed);
  }
}

function execute(request: Incoming): unknown {
  switch (request.type) {
    case 'topic':
      return store.ensureTopic(request.name, request.partitions, request.cleanup, request.retentionMs);
    case 'producer':
      return store.nextEpoch(request.name);
    case 'append':
      if (store.epochOf(request.producer) !== request.epoch)
        throw new Refusal({ kind: 'fenced', message: `a newer producer ${request.producer} has taken over` });
      return store.append(request.records, Date.now());
    case 'committed':
      return request.partitionIds.map((id) => offsets.get(`${id} ${request.group}`)?.next ?? store.committed(request.group, id));
    case 'commit':
    case 'ping':
    case 'close':
      return null;
  }
}

/** One transaction for all of `requests`; refusals are answered singly, an error of the database fails them all. */
function commitGroup(requests: readonly Incoming[]): void {
  const replies: ThreadMessage[] = [];
  const held = [...offsets.values()];
  try {
    transaction(() => {
      for (const request of requests) replies.push(answer(request));
      for (const { group, partitionId, next } of held) store.setCommitted(group, partitionId, next);
    });
  } catch (error) {
    for (const { seq } of requests) post({ seq, failure: failureOf(error) });
    if (offsets.size > 0) armOffsetTimer();
    return;
  }
  offsets.clear();
  for (const reply of replies) post(reply);
  for (const { seqs } of held) for (const seq of seqs) post({ seq, value: null });
}

function answer(request: Incoming): ThreadMessage {
  try {
    return { seq: request.seq, value: execute(request) };
  } catch (error) {
    if (error instanceof Refusal) return { seq: request.seq, failure: error.failure };
    throw error;
  }
}

function hold(request: { seq: number; group: string; partitionId: number; next: number }): void {
  const key = `${request.partitionId} ${request.group}`;
  const before = offsets.get(key);
  offsets.set(key, { group: request.group, partitionId: request.partitionId, next: request.next, seqs: [...(before?.seqs ?? []), request.seq] });
  armOffsetTimer();
}

function armOffsetTimer(): void {
  offsetTimer ??= setTimeout(() => {
    offsetTimer = undefined;
    if (offsets.size > 0) commitGroup([]);
  }, COMMIT_DELAY_MS);
}

/** Everything that has arrived, in order, up to the bound. */
function takeGroup(first: Incoming): Incoming[] {
  const group: Incoming[] = [];
  let records = 0;
  for (let request: Incoming | undefined = first; request !== undefined; request = receiveMessageOnPort(port)?.message as Incoming | undefined) {
    if (request.type === 'commit') hold(request);
    else group.push(request);
    if (request.type === 'append') records += request.records.meta.length;
    if (request.type === 'close' || records > GROUP_RECORDS * 5) break;
  }
  return group;
}

function sweep(): void {
  let more = false;
  try {
    const { trimmed, compacted } = transaction(() => ({ trimmed: store.trim(Date.now(), SWEEP_RECORDS), compacted: store.compact(Date.now(), SWEEP_RECORDS) }));
    more = compacted === SWEEP_RECORDS || trimmed.length > 0;
    if (trimmed.length > 0) post({ trimmed });
  } catch {
    more = false; // A full disk, say: appends report it; the next round tries again.
  }
  sweeper = setTimeout(sweep, more ? 1 : retentionCheckMs);
}

let sweeper = setTimeout(sweep, retentionCheckMs);

port.on('message', (first: Incoming) => {
  const group = takeGroup(first);
  const closing = group.at(-1)?.type === 'close';
  if (group.length > 0) commitGroup(group);
  if (!closing) return;
  clearTimeout(sweeper);
  clearTimeout(offsetTimer);
  db.close();
  port.close();
});
post({ seq: 0, value: { generation: store.generation(), topics: store.load() } });
