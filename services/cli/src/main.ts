import type { ChangeLog } from '#libs/changelog/change-log';
import { openChangeLog } from '#libs/changelog/open-change-log';
import { classify } from '#libs/failure/classify';
import { loadConfig } from '#libs/runtime/config';
import { createLogger } from '#libs/runtime/logger';
import { cliSettings } from './cli-config.ts';
import { runCommand, usage } from './commands.ts';

/** What PostgreSQL says beside its message. */
function remarksOf(error: unknown): string[] {
  const { detail, hint } = error as { detail?: unknown; hint?: unknown };
  return [detail, hint].flatMap((text) => (typeof text === 'string' ? [`    ${text}`] : []));
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
let opened: Promise<ChangeLog> | undefined;

try {
  const args = process.argv.slice(2);
  if (args.length === 0 || args.includes('--help')) process.stdout.write(`${usage()}\n`);
  else {
    const config = loadConfig(cliSettings, process.env);
    const logger = createLogger({ service: 'cli', level: 'silent' });
    const print = (line: string): void => void process.stdout.write(`${line}\n`);
    await runCommand(
      {
        config,
        changeLog: () => (opened ??= openChangeLog(process.env, { clientId: 'lakeloop-cli', fences: () => false, logger })),
        print,
        fetch,
        signal: ending.signal,
      },
      args,
    );
  }
} catch (error) {
  process.stderr.write(`${[classify(error).message, ...remarksOf(error)].join('\n')}\n`);
  process.exitCode = 1;
} finally {
  await opened?.then((log) => log.close()).catch(() => undefined);
}
