// `npm run bench`: prints figures and fails on none of them. Latencies over both shapes first, then governed inserts against bare ones.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

const PARTS = [
  { name: 'latency', args: ['--disable-warning=ExperimentalWarning', 'e2e/bench/main.ts'] },
  { name: 'inserts', args: ['-C', 'dist', 'dist/services/write/bench/governed-insert.js'] },
  { name: 'rows', args: ['-C', 'dist', 'dist/services/write/bench/governed-rows.js'] },
  { name: 'keyset', args: ['-C', 'dist', 'dist/services/write/bench/keyset.js'] },
  { name: 'history-page', args: ['-C', 'dist', 'dist/services/write/bench/history-page.js'] },
  { name: 'import', args: ['-C', 'dist', 'dist/services/write/bench/import.js'] },
  { name: 'history', args: ['-C', 'dist', 'dist/services/lakehouse/bench/history.bench.js'] },
  { name: 'planning', args: ['-C', 'dist', 'dist/services/workflow/bench/planning-runs.js'] },
  { name: 'planning-model', args: ['-C', 'dist', 'dist/services/workflow/bench/planning-model.js'] },
  { name: 'pgoutput-fuzz', args: ['-C', 'dist', 'dist/libs/pgoutput/bench/fuzz.js'] },
  { name: 'lakehouse', args: ['-C', 'dist', 'dist/libs/lakehouse/bench/delta.js'] },
];

requireNode();
process.chdir(ROOT);
await install();
await build();
const [only, ...rest] = process.argv.slice(2);
const wanted = PARTS.filter(({ name }) => only === undefined || only === name);
if (wanted.length === 0) console.log(`npm run bench [-- ${PARTS.map(({ name }) => name).join(' | ')}]`);
for (const { args } of wanted) {
  const file = args.at(-1);
  if (existsSync(join(ROOT, file))) process.exitCode = (await goOn([...args, ...rest])) || process.exitCode;
  else console.log(`${file} is missing`);
}
