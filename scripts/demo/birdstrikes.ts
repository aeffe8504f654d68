// `npm run demo:birdstrikes [-- --flags 200] [--approve 25]`: the second flow, on data that nobody here made. Loads the FAA's reports through the public API, trains
// on part of them, flags some of the others, waits for the recommendations on the live stream, and has a second person decide.
import { parseArgs } from 'node:util';
import { HttpProblem, newTraceparent } from '#libs/client/client';
import { measure, type Metrics, type Prediction } from '#services/workflow/src/classifier/metrics';
import { seeded, shuffled } from '#services/workflow/src/classifier/random';
import type { Evaluation } from '#services/workflow/src/classifier/train';
import { type KnownReport, readReports } from './birdstrikes-data.ts';
import { must, openSession, type Session } from './session.ts';

const SCHEMA = 'birdstrikes';
const CLASSES = ['none', 'minor', 'medium', 'substantial'];
const BATCH = 1_000;
/** Share of the reports that the model may learn from. */
const LEARNT = 0.7;

const { values } = parseArgs({
  options: { flags: { type: 'string', default: '200' }, approve: { type: 'string', default: '25' }, url: { type: 'string' }, data: { type: 'string' } },
});
const session = openSession(values);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const known = readReports();
const ids = await load(session, known);
const { learnt, held } = split(known, ids);
await label(session, learnt);
const model = await train(session);
sayMetrics('Model’s own held-out split', model.metrics);
const recommended = await flagAndWait(session, held.slice(0, Number(values.flags)));
sayLive(recommended);
await decide(session, recommended.slice(0, Number(values.approve)));
process.exit(0);

interface Held {
  id: number;
  damage: string;
}
interface Recommended extends Held {
  flagId: string;
  class: string;
  confidence: number;
  probabilities: Record<string, number>;
}

/** Ids in the order of the source; loads it when the table is empty. */
async function load({ clientOf }: Session, reports: readonly KnownReport[]): Promise<number[]> {
  const table = () => clientOf('administrator').idempotent().schema(SCHEMA).from('reports');
  const present = must(await table().select('id').order('id').limit(reports.length));
  if (present.length === reports.length) return present.map(({ id }) => Number(id));
  if (present.length > 0) throw new Error(`${SCHEMA}.reports holds ${present.length} rows of something else`);
  const started = performance.now();
  const loaded: number[] = [];
  for (let from = 0; from < reports.length; from += BATCH) {
    const batch = reports.slice(from, from + BATCH).map(({ report }) => ({ ...report }));
    loaded.push(...must(await table().insert(batch).select('id')).map(({ id }) => Number(id)));
  }
  say(`${loaded.length} reports loaded through /rest/v1 in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return loaded;
}

/** By seed. Reports whose damage is a code that names no amount are in neither part. */
function split(reports: readonly KnownReport[], all: readonly number[]): { learnt: Held[]; held: Held[] } {
  const usable = reports.flatMap(({ damage }, index) => (damage === null ? [] : [{ id: all[index] as number, damage }]));
  const mixed = shuffled(usable, seeded(1_990));
  const at = Math.floor(mixed.length * LEARNT);
  say(`${mixed.length} of ${reports.length} reports name an amount of damage: ${at} to learn from, ${mixed.length - at} held back`);
  return { learnt: mixed.slice(0, at), held: mixed.slice(at) };
}

async function label({ clientOf }: Session, examples: readonly Held[]): Promise<void> {
  const table = () => clientOf('administrator').idempotent().schema(SCHEMA).from('labels');
  const present = must(await table().select('report_id').limit(1));
  if (present.length > 0) return;
  for (let from = 0; from < examples.length; from += BATCH) {
    must(await table().insert(examples.slice(from, from + BATCH).map(({ id, damage }) => ({ report_id: id, class: damage, source: 'FAA' }))));
  }
  say(`${examples.length} labels loaded`);
}

async function train({ url, token }: Session): Promise<{ version: string; metrics: Evaluation }> {
  const started = performance.now();
  const response = await fetch(`${url}/v1/flows/${SCHEMA}/models`, { method: 'POST', headers: { authorization: `Bearer ${await token('administrator')}` } });
  if (!response.ok) throw await HttpProblem.from(response);
  const trained = (await response.json()) as { version: string; metrics: Evaluation };
  say(`model ${trained.version} trained in ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
  return trained;
}

/** Flags reports as the analyst; the recommendations arrive on the approver's live stream. */
async function flagAndWait({ clientOf }: Session, cases: readonly Held[]): Promise<Recommended[]> {
  const waiting = new Map<string, Held>();
  const arrived: Recommended[] = [];
  const done = Promise.withResolvers<void>();
  const stream = clientOf('approver').subscribe({ schema: SCHEMA, table: 'recommendations' }, { onChange: ({ after }) => after && take(after) });
  const early = new Map<string, Record<string, unknown>>();
  function take(row: Record<string, unknown>): void {
    const held = waiting.get(String(row['flag_id']));
    if (!held) return void early.set(String(row['flag_id']), row);
    waiting.delete(String(row['flag_id']));
    const probabilities = JSON.parse(String(row['probabilities'])) as Record<string, number>;
    arrived.push({ ...held, flagId: String(row['flag_id']), class: String(row['class']), confidence: Number(row['confidence']), probabilities });
    if (arrived.length === flagged) done.resolve();
  }
  await stream.ready;
  const started = performance.now();
  const open = new Set(must(await clientOf('analyst').schema(SCHEMA).from('flags').select('report_id').limit(20_000)).map((row) => Number(row['report_id'])));
  const fresh = cases.filter(({ id }) => !open.has(id));
  let flagged = fresh.length;
  if (fresh.length === 0) return [];
  for (const held of fresh) {
    const client = clientOf('analyst').idempotent({ traceparent: newTraceparent() });
    const [flag] = must(await client.schema(SCHEMA).from('flags').insert({ report_id: held.id, note: 'please assess the damage' }).select('id'));
    const flagId = String(flag?.['id']);
    waiting.set(flagId, held);
    const row = early.get(flagId);
    if (row) take(row);
  }
  flagged = arrived.length + waiting.size;
  if (waiting.size > 0) await done.promise;
  stream.close();
  say(`${arrived.length} reports flagged, classified and received on the stream in ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
  return arrived;
}

/** The approver knows how it ended: agrees, or overrides with what it was. */
async function decide({ clientOf }: Session, cases: readonly Recommended[]): Promise<void> {
  let agreed = 0;
  for (const { flagId, class: named, damage } of cases) {
    const right = named === damage;
    agreed += right ? 1 : 0;
    const decision: Record<string, unknown> = {
      flag_id: flagId,
      action: right ? 'approve' : 'override',
      reason: right ? 'as found' : 'damage found on inspection',
    };
    if (!right) decision['class'] = damage;
    must(await clientOf('approver').idempotent().schema(SCHEMA).from('dispositions').insert(decision));
  }
  say(`\n${cases.length} cases decided by a second person: ${agreed} approved, ${cases.length - agreed} overridden`);
}

function sayLive(cases: readonly Recommended[]): void {
  if (cases.length === 0) return say('nothing left to flag: every held-back report of this run has a case already');
  const predictions = cases.map((one): Prediction => ({
    actual: CLASSES.indexOf(one.damage),
    predicted: CLASSES.indexOf(one.class),
    confidence: one.confidence,
    probability: one.probabilities[one.damage] ?? 0,
  }));
  say(`Reports flagged just now (${cases.length}, never seen in training)`);
  sayRow('model', measure(predictions, CLASSES.length));
}

function sayMetrics(title: string, { model: ours, uncalibrated, majority, prior, split: parts, support }: Evaluation): void {
  say(
    `${title} (${parts.test} reports: ${Object.entries(support)
      .map(([name, many]) => `${name} ${many}`)
      .join(', ')})`,
  );
  sayRow('model', ours);
  sayRow('uncalibrated', uncalibrated);
  sayRow('majority', majority);
  sayRow('prior', prior);
  say('');
}

function sayRow(name: string, { accuracy, macroF1, calibrationError, logLoss }: Metrics): void {
  say(
    `  ${name.padEnd(13)} accuracy ${accuracy.toFixed(3)}  macro-F1 ${macroF1.toFixed(3)}  calibration error ${calibrationError.toFixed(3)}  log loss ${logLoss.toFixed(3)}`,
  );
}
