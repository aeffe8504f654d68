/** `npm run fix`: mends what can be mended by itself: simple lint, generated files, formatting. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const STEPS: string[][] = [
  ['node_modules/oxlint/bin/oxlint', '--type-aware', '--fix', '--quiet'],
  ['-C', 'dist', 'scripts/generate.ts'],
  ['node_modules/prettier/bin/prettier.cjs', '--write', '--cache', '--log-level', 'warn', '.'],
];
for (const step of STEPS) spawnSync(process.execPath, step, { cwd: ROOT, stdio: 'inherit' });
console.log('mended what can be; npm run check says what remains');
