import type { ChangeLog } from '#libs/changelog/change-log';
import type { CliConfig } from './cli-config.ts';

/** What a command is given. */
export interface CommandContext {
  config: CliConfig;
  /** Opened once it is asked for. */
  changeLog: () => Promise<ChangeLog>;
  /** One line of output. */
  print: (line: string) => void;
  fetch: typeof fetch;
  /** Ends what would go on for ever. */
  signal: AbortSignal;
}

/** A command; what it rejects with is shown, and the exit code is 1. */
export interface Command {
  usage: string;
  about: string;
  run: (context: CommandContext, args: readonly string[]) => Promise<void>;
}
