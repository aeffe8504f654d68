/** `npm run check`: every check at once, one line each; what a failed one printed follows. Exit code 1 if any failed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const bin = (path: string): string => join(ROOT, 'node_modules', path);

interface Check {
  name: string;
  args: string[];
  /** Left out where this file is absent. */
  needs?: string;
}

const CHECKS: Check[] = [
  { name: 'types', args: [bin('typescript7/bin/tsc'), '-p', '.'] },
  { name: 'types (console)', args: [bin('typescript7/bin/tsc'), '-p', 'services/console/web'], needs: 'services/console/web/tsconfig.json' },
  { name: 'lint', args: [bin('oxlint/bin/oxlint'), '--type-aware', '-f', 'unix'] },
  { name: 'import rules', args: ['scripts/import-rules/check.ts'] },
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--cache', '--log-level', 'warn', '.'] },
  { name: 'lockfile', args: ['scripts/lockfile.mjs', '--check'] },
  { name: 'generated files', args: ['-C', 'dist', 'scripts/generate.ts', '--check'] },
];

interface Outcome {
  check: Check;
  ok: boolean;
  seconds: string;
  output: string;
}

function run(check: Check): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(process.execPath, check.args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  child.once('close', (code) => {
    const outcome = { check, ok: code === 0, seconds: ((performance.now() - began) / 1000).toFixed(1), output: output.trim() };
    console.log(`${outcome.ok ? '✓' : '✗'} ${check.name} (${outcome.seconds} s)`);
    resolve(outcome);
  });
  return promise;
}

const outcomes = await Promise.all(CHECKS.filter(({ needs }) => needs === undefined || existsSync(join(ROOT, needs))).map(run));
const failed = outcomes.filter(({ ok }) => !ok);
for (const { check, output } of failed) console.log(`\n── ${check.name}\n${output}`);
if (failed.length > 0) console.log(`\n${failed.length} of ${outcomes.length} checks failed. npm run fix mends formatting, simple lint and generated files.`);
process.exitCode = failed.length > 0 ? 1 : 0;
