import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import pg from 'pg';
import { topicName } from '#contracts/topics/topic-name';
import { connectKafkaLog } from '#libs/testing/kafka-log';
import { freePort, startPostgresServer } from '#libs/testing/postgres-server';
import { KafkaBroker } from '../../deploy/local/kafka-broker.ts';
import { serviceCommand } from '../../deploy/local/service-command.ts';
import { ServiceProcess } from '../../deploy/local/service-process.ts';
import { eventually } from '../support/process.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type Captured, capturedBy } from './captured.ts';
import type { Case } from './cases/case.ts';
import { Debezium } from './debezium.ts';

export interface BothSides {
  /** By `schema.table` as the topic has it, in the topic's order. */
  ours: Map<string, Captured[]>;
  theirs: Map<string, Captured[]>;
  /** Type of a topic's column, as the catalogue has it in the end. */
  typeOf: (topic: string, column: string) => string;
}

const OURS = 'lakeloop';
const THEIRS = 'debezium';
/** Written by us, to know when both are there. */
const MARKS = 'public.marks';
const SETTLED_MS = 1_500;

export interface History {
  /** SQL that makes what the cases stand on. */
  prelude: string;
  cases: readonly Case[];
  /** Options of both publications, `with (…)`. */
  publication?: string;
}

/** Lets both captures watch one database in which the cases happen one after the other, and tells what each has published of it. */
export async function watchBoth(directory: string, { prelude, cases, publication = '' }: History): Promise<BothSides> {
  const [postgres, broker] = await Promise.all([
    startPostgresServer(join(directory, 'postgres'), { max_prepared_transactions: 10, fsync: 'off' }),
    KafkaBroker.start({ root: REPOSITORY, dataDirectory: join(directory, 'kafka') }),
  ]);
  const log = connectKafkaLog(broker.brokers);
  const client = new pg.Client({ connectionString: postgres.url() });
  const captures: { stop(): Promise<unknown> }[] = [];
  try {
    await client.connect();
    await client.query(prelude);
    for (const { setUp } of cases) await client.query(setUp);
    await client.query(`create table ${MARKS} (mark text primary key)`);
    const options = { brokers: broker.brokers, databaseUrl: postgres.url(), directory };
    for (const name of [OURS, THEIRS]) await client.query(`create publication ${name} for all tables ${publication}`);
    // One after the other: whichever has started is stopped when the next one does not.
    captures.push(await startOurs(options));
    captures.push(await startDebezium(options));
    await settled(log, client, 'started');
    for (const { name, steps } of cases) {
      for (const step of steps) await client.query(step).catch((error: unknown) => Promise.reject(new Error(`${name}: ${step}`, { cause: error })));
    }
    await settled(log, client, 'done');
    return { ours: await capturedBy(log, OURS, MARKS), theirs: await capturedBy(log, THEIRS, MARKS), typeOf: await columnTypes(client) };
  } finally {
    for (const capture of captures) await capture.stop();
    await client.end();
    await log.close();
    await broker.kill();
    await postgres.stop();
  }
}

interface CaptureOptions {
  brokers: string;
  databaseUrl: string;
  directory: string;
}

async function startOurs({ brokers, databaseUrl, directory }: CaptureOptions): Promise<{ stop(): Promise<unknown> }> {
  const port = await freePort();
  const service = new ServiceProcess({
    name: 'cdc',
    command: serviceCommand(REPOSITORY, 'cdc'),
    cwd: REPOSITORY,
    env: {
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: brokers,
      CDC_TOPIC_PREFIX: OURS,
      CDC_SLOT: OURS,
      CDC_PUBLICATION: OURS,
      CDC_TABLES: 'public.*',
      CDC_PORT: String(port),
    },
    logFile: join(directory, 'ours.log'),
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
  });
  await service.ready();
  return { stop: () => service.end('SIGTERM') };
}

async function startDebezium(options: CaptureOptions): Promise<Debezium> {
  return Debezium.start({
    ...options,
    directory: join(options.directory, 'debezium'),
    port: await freePort(),
    prefix: THEIRS,
    slot: THEIRS,
    publication: THEIRS,
    // Told to go on after what it can't read: without, it stops at the first such value, and there would be nothing to compare.
    settings: { 'schema.include.list': 'public', 'skipped.operations': 'none', 'event.processing.failure.handling.mode': 'warn' },
  });
}

/** Resolves once both have published a row that is written now, and nothing more for a moment: topics are written side by side. */
async function settled(log: ReturnType<typeof connectKafkaLog>, client: pg.Client, mark: string): Promise<void> {
  await client.query(`insert into ${MARKS} values ($1)`, [mark]);
  for (const prefix of [OURS, THEIRS]) {
    await eventually(
      async () => {
        for await (const { value } of log.read(`${prefix}.${MARKS}`, 0, 0n)) if (value?.toString().includes(`"mark":"${mark}"`)) return true;
        return false;
      },
      () => `${prefix} has not published the mark '${mark}'`,
      120_000,
    );
  }
  let [before, now] = [-1, await records(log)];
  while (before !== now) {
    await delay(SETTLED_MS);
    [before, now] = [now, await records(log)];
  }
}

async function records(log: ReturnType<typeof connectKafkaLog>): Promise<number> {
  let count = 0;
  for (const prefix of [OURS, THEIRS])
    for (const topic of await log.topics(`${prefix}.public.`)) for (const { next } of await log.bounds(topic)) count += Number(next);
  return count;
}

async function columnTypes(client: pg.Client): Promise<(topic: string, column: string) => string> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `select relname as table, attname as column, format_type(atttypid, atttypmod) as type from pg_attribute join pg_class c on c.oid = attrelid
      where relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped`,
  );
  const types = new Map(rows.map(({ table, column, type }) => [`${topicName('x', 'public', table)}/${column}`, type]));
  return (topic, column) => types.get(`x.${topic}/${column}`) ?? '';
}
