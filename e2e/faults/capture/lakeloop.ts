import { TestProcess } from '../../support/process.ts';
import { REPOSITORY } from '../../support/repository.ts';

/** Runs `npm run lakeloop -- <args>` to its end: what it printed. */
export async function lakeloop(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const flags = ['--disable-warning=TimeoutNegativeWarning', '--disable-warning=ExperimentalWarning', '-C', 'dist'];
  const run = new TestProcess(process.execPath, [...flags, 'dist/services/cli/src/main.js', ...args], env, REPOSITORY);
  const code = await run.exit();
  if (code !== 0) throw new Error(`lakeloop ${args.join(' ')} ended with ${code}: ${run.output}`);
  return run.output.trim();
}
