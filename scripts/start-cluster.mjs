// `npm run start:cluster`: installs and builds like `npm start`, then runs each service as a process of its own, with Kafka and Redis.
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
console.log('Lakeloop, cluster shape');
await install();
await build();
process.exitCode = await goOn(['-C', 'dist', 'dist/deploy/local/start-cluster.js', ...process.argv.slice(2)]);
