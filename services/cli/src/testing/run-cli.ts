import { loadConfig } from '#libs/runtime/config';
import { cliSettings } from '../cli-config.ts';
import { runCommand } from '../commands.ts';

/** Runs a command with these settings, and no change log. Resolves with `lines`, into which goes what it prints, also where it fails. */
export async function runCli(env: Readonly<Record<string, string>>, args: readonly string[], lines: string[] = []): Promise<string[]> {
  const changeLog = (): never => {
    throw new TypeError('this command needs no change log');
  };
  const config = loadConfig(cliSettings, env);
  await runCommand({ config, changeLog, print: (line) => void lines.push(line), fetch, signal: new AbortController().signal }, args);
  return lines;
}
