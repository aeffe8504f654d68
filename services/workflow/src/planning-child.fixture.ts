/** One planning run in a process that dies (SIGKILL) at a failpoint: `planning-child.fixture.ts <url of the workflow login> <lakehouse directory> <failpoint>`. */
import { Governed } from '#libs/governance/governed';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { createPool } from '#libs/postgres/pool';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import { ConsolidatedPlan } from './flows/planning/run/consolidated-plan.ts';
import { PlanningRunner } from './flows/planning/run/planning-runner.ts';
import { PlanningRuns } from './flows/planning/run/planning-run.ts';

const [url = '', root = '', failpoint = ''] = process.argv.slice(2);
const logger = createLogger({ service: 'test', level: 'fatal' });
const lakehouse = await openDeltaLakehouse({ root, logger, memoryLimit: '256MB', threads: 1 });
arm(failpoint, () => process.kill(process.pid, 'SIGKILL') as unknown as void);
const runs = new PlanningRuns({
  governed: new Governed(createPool({ connectionString: url, name: 'child' })),
  plan: new ConsolidatedPlan(lakehouse, logger),
  logger,
});
new PlanningRunner({ runs, connectionString: url, debounce: { quietMs: 1, mostMs: 50 }, clock: { now: () => Date.now() }, logger }).start();
// The runner's timers hold no process; this does, until the kill.
setInterval(() => undefined, 1_000);
