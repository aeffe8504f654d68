import { startKafka, type TestKafka } from '../kafka-server.ts';
import postgres, { stop as stopPostgres } from './postgres.ts';

let server: TestKafka | undefined;

/** Jest globalSetup of every project that needs Kafka (and Postgres): one broker for the run, tests use topics and groups of their own. */
export default async function setup(_global: unknown, project: { rootDir: string }): Promise<void> {
  await postgres();
  if (process.env['LAKELOOP_TEST_KAFKA_BROKERS']) return;
  server = await startKafka(project.rootDir);
  process.env['LAKELOOP_TEST_KAFKA_BROKERS'] = server.brokers;
}

export async function stop(): Promise<void> {
  await server?.stop();
  server = undefined;
  await stopPostgres();
}
