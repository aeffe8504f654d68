/**
 * `npm run bench -- pgoutput-fuzz [inputs] [seed]`: messages of a real server with bytes changed, cut, doubled and joined. Each is either decoded, and then every value of
 * it can be read, or refused with a PgoutputError that lies within it. Anything else ends the run with the input, and exit code 1.
 */
import { readFileSync } from 'node:fs';
import { decode } from '../decode.ts';
import type { Message } from '../message.ts';
import { PgoutputError } from '../pgoutput-error.ts';
import type { Tuple } from '../tuple.ts';

const [inputs = 10_000_000, seed = 1] = process.argv.slice(2).map(Number);
const print = (line: string): unknown => process.stdout.write(`${line}\n`);

const corpus = ['pgoutput-v1', 'pgoutput-v2'].flatMap((name) => {
  const { messages } = JSON.parse(readFileSync(`contracts/golden/${name}.json`, 'utf8')) as { messages: string[] };
  return messages.map((hex) => Buffer.from(hex, 'hex'));
});
if (corpus.length === 0) throw new Error('no golden messages');

/** xorshift32. */
let state = seed | 1;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const EXTREMES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x4b, 0x4e, 0x4f, 0x6e, 0x74, 0x75];
const scratch = Buffer.alloc(1 << 16);

function mutated(): Buffer {
  const source = corpus[random(corpus.length)] as Buffer;
  let length = source.copy(scratch);
  for (let changes = random(4); changes >= 0; changes -= 1) {
    const at = random(Math.max(1, length));
    const kind = random(6);
    if (kind === 0) length = at;
    else if (kind === 1) scratch[at] = random(256);
    else if (kind === 2) scratch[at] = EXTREMES[random(EXTREMES.length)] as number;
    else if (kind === 3 && length + 8 < scratch.length) length = at + scratch.copy(scratch, at + random(8), at, length) + random(2);
    else if (kind === 4) {
      const other = corpus[random(corpus.length)] as Buffer;
      length = Math.min(scratch.length, at + other.copy(scratch, at, random(other.length)));
    } else scratch[at] = (scratch[at] as number) ^ (1 << random(8));
  }
  return Buffer.from(scratch.subarray(0, Math.min(length, scratch.length)));
}

function readAll(message: Message): void {
  const tuples: Tuple[] = [];
  if ('new' in message) tuples.push(message.new);
  if ('old' in message && message.old) tuples.push(message.old.tuple);
  for (const tuple of tuples) tuple.values();
}

// A stack costs more than the decoding.
Error.stackTraceLimit = 0;
const started = performance.now();
const counts = { decoded: 0, refused: 0 };
for (let index = 0; index < inputs; index += 1) {
  const input = mutated();
  try {
    readAll(decode(input, { inStream: random(2) === 1 }));
    counts.decoded += 1;
  } catch (error) {
    if (!(error instanceof PgoutputError) || error.offset > input.length) {
      print(`input ${index} of seed ${seed}: ${String(error)}\n${input.toString('hex')}`);
      process.exit(1);
    }
    counts.refused += 1;
  }
}
const seconds = (performance.now() - started) / 1000;
print(
  `pgoutput-fuzz: ${inputs} inputs of seed ${seed} in ${seconds.toFixed(1)} s: ${counts.decoded} decoded, ${counts.refused} refused, none failed otherwise`,
);
