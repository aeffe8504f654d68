// `npm test`: installs what is missing, builds, and runs every kind of test that this machine can run (docs/testing.md).
// The last line is `N passed, N failed, N skipped`. LAKELOOP_TEST_NO_SKIP=1 makes anything skipped a failure.
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
await install();
await build();
process.exitCode = await goOn(['--disable-warning=ExperimentalWarning', 'scripts/test/run.ts', ...process.argv.slice(2)]);
