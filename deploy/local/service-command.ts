import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `npm run <name>` runs, as a program and its arguments: of the Node that runs us, without a shell in between that would take the signals. */
export function serviceCommand(root: string, name: string): [string, ...string[]] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const [exec, node, ...args] = scripts[name]?.split(' ') ?? [];
  if (exec !== 'exec' || node !== 'node') throw new TypeError(`package.json: the script ${name} is not exec node …`);
  return [process.execPath, ...args];
}
