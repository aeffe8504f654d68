// `npm run demo:feed -- --rate 20 [--duration 60]`: live traffic through the public API. A transaction is inserted as the administrator and flagged as the analyst,
// both in one trace, at a steady rate whatever the answers take.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { newTraceparent } from '#libs/client/client';
import { generateOne, type LabelledTransaction } from '#services/workflow/src/flows/exceptions/demo/generate';
import { seeded } from '#services/workflow/src/classifier/random';
import { must, openSession, type Session } from './session.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20' },
    duration: { type: 'string' },
    seed: { type: 'string' },
    url: { type: 'string' },
    data: { type: 'string' },
  },
});
const rate = positive('rate', values.rate);
const durationMs = values.duration === undefined ? Infinity : positive('duration', values.duration) * 1_000;
/** Requests under way beyond which the feed waits: a server that is down is not flooded when it is back. */
const MOST_UNDER_WAY = 200;

const tally = { sent: 0, flagged: 0, failed: 0, latencies: [] as number[] };
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const session = openSession(values);
await Promise.all([session.token('administrator'), session.token('analyst')]);
await run();

async function run(): Promise<void> {
  const random = seeded(values.seed === undefined ? Date.now() : Number(values.seed));
  const underWay = new Set<Promise<void>>();
  const started = performance.now();
  const report = setInterval(() => say(), 1_000);
  let previous: LabelledTransaction['transaction'] | undefined;
  for (let index = 0; !stop.signal.aborted; index += 1) {
    const due = started + (index * 1_000) / rate;
    if (due - started >= durationMs) break;
    await delay(Math.max(0, due - performance.now()));
    if (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
    const example = generateOne({ bookedAt: Date.now(), random, ...(previous ? { previous } : {}) });
    previous = example.transaction;
    const one = send(session, example).finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
  clearInterval(report);
  say();
}

async function send({ clientOf }: Session, { transaction, note }: LabelledTransaction): Promise<void> {
  const traceparent = newTraceparent();
  const begun = performance.now();
  tally.sent += 1;
  try {
    const [row] = must(
      await clientOf('administrator')
        .idempotent({ traceparent })
        .schema('exceptions')
        .from('transactions')
        .insert({ ...transaction })
        .select('id'),
    );
    must(await clientOf('analyst').idempotent({ traceparent }).schema('exceptions').from('flags').insert({ transaction_id: row?.['id'], note }));
    tally.flagged += 1;
    tally.latencies.push(performance.now() - begun);
  } catch (error) {
    tally.failed += 1;
    if (tally.failed <= 5) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function say(): void {
  const recent = tally.latencies.splice(0).toSorted((left, right) => left - right);
  const median = recent.length === 0 ? '-' : `${(recent[Math.floor(recent.length / 2)] ?? 0).toFixed(1)} ms`;
  process.stdout.write(`${tally.sent} sent, ${tally.flagged} flagged, ${tally.failed} failed; insert + flag, median: ${median}\n`);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  process.stderr.write(`--${name} must be a positive number\n`);
  return process.exit(1);
}
