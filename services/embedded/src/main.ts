import { DATABASE } from './boot/databases.ts';
import { startEmbedded } from './boot/start-embedded.ts';
import { Undo } from './boot/undo.ts';
import { DataDirectory } from './data/data-directory.ts';
import { embeddedConfig } from './embedded-config.ts';
import { explain } from './terminal/explain.ts';
import { openLog } from './terminal/log-sink.ts';
import { Progress } from './terminal/progress.ts';
import { welcome } from './terminal/welcome.ts';
import { requirePort } from '#libs/runtime/http/require-port';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { startTelemetryExport } from '#libs/runtime/telemetry-export';

const undo = new Undo();

async function start(): Promise<void> {
  const config = await embeddedConfig(process.env);
  const data = await DataDirectory.open(config.dataDirectory);
  undo.add(() => data.release());
  if (process.argv.includes('--reset')) await data.reset();
  await requirePort(config.port, '127.0.0.1', ` with npm start -- --port ${config.port < 8080 ? 8080 : config.port + 10}`);
  const runtime = createServiceRuntime('lakeloop', process.env, await openLog(config.dataDirectory));
  const telemetry = await startTelemetryExport('lakeloop', process.env);
  if (telemetry) await runtime.lifecycles.run([telemetry]);
  const { url, postgres } = await startEmbedded({ config, data, runtime, progress: new Progress(), undo });
  for (const signal of SIGNALS) process.off(signal, interrupted);
  process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
  await data.announce(url);
  const psql = `psql -h 127.0.0.1 -p ${postgres.port} -U postgres ${DATABASE}`;
  process.stdout.write(await welcome({ url, dataDirectory: config.dataDirectory, psql, seconds: performance.now() / 1000 }));
}

/** Whatever went wrong: one line, everything taken down, exit code 1. */
async function failed(error: unknown): Promise<never> {
  process.stderr.write(`${explain(error)}\n`);
  await undo.run();
  process.exit(1);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Until the services run and take signals themselves. */
function interrupted(): void {
  void undo.run().then(() => process.exit(130));
}

for (const signal of SIGNALS) process.on(signal, interrupted);
process.on('uncaughtException', (error) => void failed(error));
process.on('unhandledRejection', (error) => void failed(error));
await start().catch(failed);
