// `npm run bench:cdc`: capture and Debezium side by side, from the same Postgres into the same Kafka. Prints figures and fails on none of them.
import { Backlog, type Round } from './backlog.ts';
import { type Options, parseOptions } from './options.ts';
import { backlogReport, growthReport } from './report.ts';
import { Stage } from './stage.ts';

async function backlog(stage: Stage, options: Options): Promise<string[]> {
  const { parts, rounds, rows, growth } = options;
  const prepared = await Backlog.prepare(stage, options);
  const reports: string[] = [];
  if (parts.includes('backlog')) {
    const done: Round[] = [];
    for (let round = 0; round < rounds; round += 1) done.push(await prepared.round(rows));
    reports.push(backlogReport(done));
  }
  if (parts.includes('growth')) {
    const done: Round[] = [];
    for (const step of growth) done.push(await prepared.round(step));
    reports.push(growthReport(done));
  }
  await prepared.end();
  return reports;
}

const options = parseOptions(process.argv.slice(2));
options.say('starting PostgreSQL and Kafka');
const stage = await Stage.open();
try {
  const reports = await backlog(stage, options);
  process.stdout.write(`\n${reports.join('\n\n')}\n`);
} finally {
  await stage.close();
}
