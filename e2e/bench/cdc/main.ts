// `npm run bench:cdc`: capture and Debezium side by side, from the same Postgres into the same Kafka. Prints figures and fails on none of them.
import { Backlog, type Round } from './backlog.ts';
import { measureLatency } from './latency.ts';
import { type Options, parseOptions, type Part } from './options.ts';
import { backlogReport, growthReport, latencyReport, snapshotReport, transactionReport } from './report.ts';
import { measureSnapshot } from './snapshot.ts';
import { Stage } from './stage.ts';
import { measureTransaction } from './transaction.ts';

async function drain(stage: Stage, options: Options, sizes: readonly number[]): Promise<Round[]> {
  const backlog = await Backlog.prepare(stage, options);
  const rounds: Round[] = [];
  for (const rows of sizes) rounds.push(await backlog.round(rows));
  return rounds;
}

const PARTS: Readonly<Record<Part, (stage: Stage, options: Options) => Promise<string>>> = {
  backlog: async (stage, options) => backlogReport(await drain(stage, options, Array<number>(options.rounds).fill(options.rows))),
  latency: async (stage, options) => latencyReport(await measureLatency(stage, options)),
  snapshot: async (stage, options) => snapshotReport(await measureSnapshot(stage, options), options.rows),
  growth: async (stage, options) => growthReport(await drain(stage, { ...options, engines: ['lakeloop'], raw: false }, options.growth)),
  transaction: async (stage, options) => transactionReport(await measureTransaction(stage, options)),
};

const options = parseOptions(process.argv.slice(2));
for (const part of options.parts) {
  options.say(`${part}: starting PostgreSQL and Kafka`);
  // Servers of its own for each part: none is measured over what another one left behind.
  const stage = await Stage.open();
  try {
    process.stdout.write(`\n${await PARTS[part](stage, options)}\n\n`);
  } finally {
    await stage.close();
  }
}
