// Installs what package-lock.json says and builds, quietly; what `npm start` and `npm test` do first.
import { ROOT, build, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
await install();
await build();
