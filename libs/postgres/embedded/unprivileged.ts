import { existsSync } from 'node:fs';
import { chown } from 'node:fs/promises';

/**
 * PostgreSQL refuses to run as root. Started by root, it runs as `nobody` and keeps two capabilities, so that a checkout
 * below a directory which only root may enter (/root, `mktemp -d`) still works.
 */
const NOBODY = 65_534;
const SETPRIV = '/usr/bin/setpriv';
const CAPABILITIES = '-all,+dac_override,+dac_read_search';

export interface Command {
  file: string;
  args: string[];
  /** Set where the process is to change user without help. */
  uid?: number;
  gid?: number;
}

export function runningAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The command as an unprivileged user may run it; the command itself when we are not root. */
export function unprivileged(file: string, args: readonly string[]): Command {
  if (!runningAsRoot()) return { file, args: [...args] };
  if (!existsSync(SETPRIV)) return { file, args: [...args], uid: NOBODY, gid: NOBODY };
  const drop = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', `--inh-caps=${CAPABILITIES}`, `--ambient-caps=${CAPABILITIES}`];
  return { file: SETPRIV, args: [...drop, file, ...args] };
}

/** Gives a directory to the user that `unprivileged` runs as. */
export async function giveAway(path: string): Promise<void> {
  if (runningAsRoot()) await chown(path, NOBODY, NOBODY);
}
