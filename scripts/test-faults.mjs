// `npm run test:faults [-- --seed N] [--kills N]`: the fault tests at length: each service of the cluster is killed that often (20) at seeded random moments.
import { parseArgs } from 'node:util';
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
const { seed, kills } = parseArgs({
  options: { seed: { type: 'string', default: String(Date.now() % 1_000_000) }, kills: { type: 'string', default: '20' } },
}).values;
process.chdir(ROOT);
await install();
await build();
console.log(`seed ${seed}, ${kills} kills a service`);
process.exitCode = await goOn(['--disable-warning=ExperimentalWarning', 'scripts/test/run.ts', 'e2e/faults'], {
  LAKELOOP_FAULT_SEED: seed,
  LAKELOOP_FAULT_KILLS: kills,
});
