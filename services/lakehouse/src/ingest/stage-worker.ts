/** The thread that turns changes into lines, so that a backlog does not hold up the event loop. Erasable TypeScript. */
import { writeSync } from 'node:fs';
import { parentPort, type MessagePort } from 'node:worker_threads';
import { HEADER } from '#contracts/topics/headers';
import { stageLine, type StagedLine } from '../shape/stage-line.ts';
import type { Staged, StageReply, StageRequest } from './stage-protocol.ts';

const port = parentPort as MessagePort;

function stage(request: StageRequest): Staged {
  const { bytes, lengths } = request;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = new Set<string>();
  const result: Staged = { rows: 0, names: [], longestLine: 0, oldestMs: undefined, newestMs: undefined, parked: [] };
  const lines: string[] = [];
  let at = 0;
  for (let index = 0; index < lengths.length; index += 1) {
    const value = source.subarray(at, (at += lengths[index] ?? 0));
    try {
      const staged = lineOf(request, index, value);
      for (const name of staged.names) names.add(name);
      result.oldestMs ??= staged.committedAtMs;
      result.newestMs = staged.committedAtMs;
      result.rows += 1;
      result.longestLine = Math.max(result.longestLine, Buffer.byteLength(staged.line));
      lines.push(staged.line, '\n');
    } catch (error) {
      result.parked.push({ index, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  write(request.fd, lines.join(''));
  result.names = [...names];
  return result;
}

function lineOf({ offsets, ids, actors, traceparents, schema, table }: StageRequest, index: number, value: Buffer): StagedLine {
  const headers: Record<string, string> = {};
  for (const [name, text] of [
    [HEADER.id, ids[index]],
    [HEADER.actor, actors[index]],
    [HEADER.traceparent, traceparents[index]],
  ] as const)
    if (text !== undefined) headers[name] = text;
  const staged = stageLine({ offset: BigInt(offsets[index] ?? 0), value, headers });
  if (staged.schema !== schema || staged.table !== table) throw new TypeError(`a change of ${staged.schema}.${staged.table}`);
  return staged;
}

function write(fd: number, text: string): void {
  const content = Buffer.from(text);
  for (let done = 0; done < content.length;) done += writeSync(fd, content, done);
}

port.on('message', (request: StageRequest) => {
  let reply: StageReply;
  try {
    reply = { seq: request.seq, staged: stage(request) };
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    reply = { seq: request.seq, error: { message, code } };
  }
  port.postMessage(reply);
});
