// `npm run bench:cdc [-- --only backlog --rows 1000000 …]`: capture beside Debezium. Java 17 and Maven; Linux.
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
await install();
await build();
process.exitCode = await goOn(['--disable-warning=ExperimentalWarning', 'e2e/bench/cdc/main.ts', ...process.argv.slice(2)]);
