import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Availability } from './availability.ts';

/** Versions of the Python packages that tests use; `.ci/run` installs them into `.python`. */
export const REQUIREMENTS = 'libs/lakehouse/delta/outside/requirements.txt';

/** A Python that has them: LAKELOOP_TEST_PYTHON, the repository's own environment, or the machine's. */
export async function findPython(root = process.cwd()): Promise<string | undefined> {
  const own = join(root, '.python', 'bin', 'python');
  const candidates = [process.env['LAKELOOP_TEST_PYTHON'], existsSync(own) ? own : undefined, 'python3'].filter((path) => path !== undefined);
  for (const python of candidates) if (await hasPackages(python, root)) return python;
  return undefined;
}

export async function resolvePython(root = process.cwd()): Promise<Availability> {
  if ((await findPython(root)) !== undefined) return { kind: 'native' };
  return {
    kind: 'unavailable',
    reason: `the outsiders need Python with ${required(root).join(', ')}: python3 -m venv .python && .python/bin/pip install -r ${REQUIREMENTS}`,
  };
}

/** Runs a script to its end. Rejects with what it said on stderr. */
export async function runPython(script: string, args: readonly string[], root = process.cwd()): Promise<string> {
  const { stdout } = await promisify(execFile)(await pythonOrThrow(root), [script, ...args], { maxBuffer: 256 * 1024 * 1024 });
  return stdout;
}

/** Starts a script that goes on until it is killed. */
export async function startPython(script: string, args: readonly string[], root = process.cwd()): Promise<ChildProcess> {
  return spawn(await pythonOrThrow(root), [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function pythonOrThrow(root: string): Promise<string> {
  const python = await findPython(root);
  if (python === undefined) throw new Error('no Python with the packages that tests need (see docs/testing.md)');
  return python;
}

/** `name==version`, extras left out. */
function required(root: string): string[] {
  const lines = readFileSync(join(root, REQUIREMENTS), 'utf8').split('\n');
  return lines.map((line) => line.trim().replace(/\[[^\]]*\]/, '')).filter((line) => line !== '' && !line.startsWith('#'));
}

async function hasPackages(python: string, root: string): Promise<boolean> {
  const check = 'import importlib.metadata as m, sys; sys.exit(any(m.version(n) != v for n, v in (a.split("==") for a in sys.argv[1:])))';
  try {
    await promisify(execFile)(python, ['-c', check, ...required(root)], { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
