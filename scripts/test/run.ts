/** Runs Jest in two passes, small tests first and then those that own whole processes, and adds up what they say. */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Missing, specsMatching, unavailable } from './available.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NO_SKIP = process.env['LAKELOOP_TEST_NO_SKIP'] === '1';
/** `inBand`: these start processes of their own and measure time, so nothing runs beside them. */
const PASSES = [
  { projects: ['unit', 'pg', 'kafka', 'redis', 'python'], inBand: false, files: /^(?!e2e\/).*\.spec\.ts$/ },
  { projects: ['e2e', 'browser', 'cluster'], inBand: true, files: /^e2e\// },
];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Suites that Jest looked for and did not find are no failure of the run. */
  suites: number;
}

async function runPass(projects: readonly string[], inBand: boolean, patterns: readonly string[]): Promise<Counts> {
  const summary = join(tmpdir(), `lakeloop-test-${process.pid}-${projects[0]}.json`);
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
    'node_modules/jest/bin/jest.js',
    '--config=scripts/test/jest.config.mjs',
  ];
  const args = [...jest, '--selectProjects', ...projects, '--passWithNoTests', '--forceExit', ...(inBand ? ['--runInBand'] : []), '--ci', ...patterns];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, LAKELOOP_TEST_SUMMARY: summary } });
  const forward = (signal: NodeJS.Signals): unknown => child.kill(signal);
  process.on('SIGTERM', forward);
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('close', (code) => resolve(code ?? 1));
  const code = await promise;
  process.off('SIGTERM', forward);
  const text = await readFile(summary, 'utf8').catch(() => undefined);
  await rm(summary, { force: true });
  // Jest that ended without a word counts as one failure; so does an exit code that its counts don't explain.
  if (text === undefined) return { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0, suites: 0 };
  const counts = JSON.parse(text) as Counts;
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function sayMissing(missing: readonly Missing[]): void {
  for (const { project, reason, suites } of missing)
    console.log(`skipped: ${suites.length} ${project} suites: ${reason}\n${suites.map((suite) => `  ${suite}`).join('\n')}`);
}

process.on('SIGINT', () => undefined);
const patterns = process.argv.slice(2);
const specs = specsMatching(ROOT, patterns);
const missing = await unavailable(ROOT, specs);
const left = new Set(missing.map(({ project }) => project));
const total: Counts = { passed: 0, failed: 0, skipped: 0, suites: 0 };
for (const { projects, inBand, files } of PASSES) {
  const possible = projects.filter((project) => !left.has(project));
  if (possible.length === 0 || !specs.some((file) => files.test(file))) continue;
  const counts = await runPass(possible, inBand, patterns);
  for (const key of ['passed', 'failed', 'skipped', 'suites'] as const) total[key] += counts[key];
}
sayMissing(missing);
total.skipped += missing.reduce((sum, { suites }) => sum + suites.length, 0);
if (total.suites === 0 && missing.length === 0) console.log('no test matches');
const skippedButMustNot = NO_SKIP && total.skipped > 0;
if (skippedButMustNot) console.log(`skipping is forbidden here (LAKELOOP_TEST_NO_SKIP=1): ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.suites === 0 || skippedButMustNot ? 1 : 0;
process.once('exit', () => process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`));
