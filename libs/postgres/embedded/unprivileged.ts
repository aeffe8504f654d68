import { existsSync, statSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * PostgreSQL refuses to run as root: started by root, it runs as `nobody`. Below a directory that only root may enter (/root, `mktemp -d`)
 * it also keeps two capabilities, which let it reach its files. `no_setuid_fixup` makes access(2), with which PostgreSQL
 * checks its own binaries, count them (capabilities(7), "The securebits flags").
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

/** The command as an unprivileged user may run it, able to reach `paths`; the command itself when we are not root. */
export function unprivileged(file: string, args: readonly string[], paths: readonly string[]): Command {
  if (!runningAsRoot()) return { file, args: [...args] };
  if ([file, ...paths].every(openToAll) || !existsSync(SETPRIV)) return { file, args: [...args], uid: NOBODY, gid: NOBODY };
  const drop = [
    '--securebits=+no_setuid_fixup',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    `--inh-caps=${CAPABILITIES}`,
    `--ambient-caps=${CAPABILITIES}`,
  ];
  return { file: SETPRIV, args: [...drop, file, ...args] };
}

/** Whether everybody may enter each directory above `path`. */
function openToAll(path: string): boolean {
  const parent = dirname(path);
  return parent === path || ((statSync(parent).mode & 0o001) !== 0 && openToAll(parent));
}

/** Gives a directory to the user that `unprivileged` runs as. */
export async function giveAway(path: string): Promise<void> {
  if (runningAsRoot()) await chown(path, NOBODY, NOBODY);
}
