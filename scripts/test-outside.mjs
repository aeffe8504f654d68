// `npm run test:outside [-- spark | debezium]`: Spark with Delta (Maven Central) reads every table that we write, and we read or refuse those that it writes; Debezium
// captures what we capture, and every difference is declared. Java 17 with a compiler, and Maven. Takes some minutes.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
await install();
await build();
const patterns = process.argv.slice(2);
const jars = join(ROOT, '.spark');
if (!existsSync(jars) && !patterns.includes('debezium')) {
  console.log('fetching Spark by Maven into .spark');
  const unfinished = `${jars}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  const pom = 'libs/lakehouse/delta/outside/spark/pom.xml';
  const fetched = spawnSync('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`, '-DincludeScope=runtime'], {
    stdio: 'inherit',
  });
  if (fetched.status !== 0) {
    console.log('Spark needs Maven on the PATH, and a way to Maven Central');
    process.exit(1);
  }
  renameSync(unfinished, jars);
}
console.log('running: some minutes');
process.exitCode = await goOn([
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--config=scripts/test/jest.config.mjs',
  '--selectProjects',
  'outside',
  '--runInBand',
  '--forceExit',
  ...patterns,
]);
