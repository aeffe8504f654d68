import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { type Environment } from '../config.ts';
import { createServiceRuntime, type ServiceRuntime } from '../service-runtime.ts';
import { startTelemetryExport } from '../telemetry-export.ts';

/**
 * The body of a service's `main.ts`: makes the runtime from the environment and hands both to `boot`. A failure to boot is one
 * log line with what to do, and exit code 1. So is whatever nobody caught: a process in an unknown state must not go on.
 */
export async function main(name: string, boot: (runtime: ServiceRuntime, environment: Environment) => Promise<unknown>): Promise<void> {
  const environment: Environment = process.env;
  try {
    const runtime = createServiceRuntime(name, environment);
    process.on('uncaughtException', (error) => fatal(runtime, error));
    process.on('unhandledRejection', (error) => fatal(runtime, error));
    const telemetry = await startTelemetryExport(name, environment);
    if (telemetry) await runtime.lifecycles.run([telemetry]);
    await boot(runtime, environment);
  } catch (error) {
    const failure = classify(error);
    process.stderr.write(`${name}: ${failure.message}. ${FAILURE_POLICY[failure.kind].hint}\n`);
    process.exit(1);
  }
}

function fatal(runtime: ServiceRuntime, error: unknown): never {
  const failure = classify(error);
  runtime.logger.fatal({ err: error, kind: failure.kind, hint: FAILURE_POLICY[failure.kind].hint }, failure.message);
  process.exit(1);
}
