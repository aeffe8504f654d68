// `npm run bench -- latency`: prints figures for both shapes; fails on none of them.
import type { LakehouseTableReport } from '#contracts/http/lakehouse';
import { startCluster } from '../support/cluster-shape.ts';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/process.ts';
import type { Shape } from '../support/shape.ts';
import { measureCommitToStream } from './commit-to-stream.ts';
import { measureFlagToRecommendation } from './flag-to-recommendation.ts';
import { summary } from './percentiles.ts';

const WRITES_PER_SECOND = 200;
const FLAGS_PER_SECOND = 20;
const SECONDS = 20;
const TARGETS = { embedded: 'p50 ≤ 10, p99 ≤ 40', cluster: 'p50 ≤ 15, p99 ≤ 60' } as const;

const print = (line: string): unknown => process.stdout.write(`${line}\n`);

async function measure(start: () => Promise<Shape>): Promise<void> {
  const shape = await start();
  try {
    const people = { owner: new Person(shape, 'administrator'), flagger: new Person(shape, 'analyst'), reader: new Person(shape, 'auditor') };
    await modelIsReady(shape);
    await historyIsWritten(shape, people.reader);
    const commit = await measureCommitToStream(shape, people.reader, WRITES_PER_SECOND, SECONDS);
    print(`${shape.name}: commit → SSE at ${WRITES_PER_SECOND}/s (goal ${TARGETS[shape.name]} ms)`);
    print(`  since the commit was acknowledged: ${summary(commit.sinceAcknowledged)}`);
    print(`  since the insert was sent:         ${summary(commit.sinceSent)}`);
    const flags = await measureFlagToRecommendation(shape, people, FLAGS_PER_SECOND, SECONDS);
    print(`${shape.name}: flag → recommendation on SSE at ${FLAGS_PER_SECOND}/s, request included (goal p50 ≤ 50, p99 ≤ 150 ms)`);
    print(`  ${summary(flags)}`);
  } finally {
    await shape.stop();
  }
}

/** The first start trains its models in the background; figures from before would be about that. */
async function modelIsReady(shape: Shape): Promise<void> {
  const administrator = new Person(shape, 'administrator');
  await eventually(
    async () => (await administrator.call<{ models: unknown[] }>('', '/v1/flows/exceptions/models')).body.models.length > 0,
    () => 'the exceptions flow has no model',
    120_000,
  );
}

/** The demo's rows are still on their way into the lakehouse then; a subscriber would share the processors with that. */
async function historyIsWritten(shape: Shape, reader: Person): Promise<void> {
  await eventually(
    async () => {
      const response = await fetch(`${shape.url}/v1/lakehouse/tables`, { headers: { authorization: `Bearer ${await reader.token()}` } });
      const tables = response.ok ? ((await response.json()) as { tables: LakehouseTableReport[] }).tables : [];
      return (
        tables.some(({ source }) => source === 'exceptions.transactions') &&
        tables.every(({ partitions }) => partitions.every(({ applied, end }) => applied === end))
      );
    },
    () => 'the history of the demo is not written',
    120_000,
  );
}

const wanted = process.argv.slice(2);
for (const [name, start] of [
  ['embedded', () => startEmbedded()],
  ['cluster', () => startCluster()],
] as const) {
  if (wanted.length === 0 || wanted.includes(name)) await measure(start);
}
