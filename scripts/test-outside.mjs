// `npm run test:outside [-- spark | debezium | postgres [14 …]]`: Spark with Delta (Maven Central) reads every table that we write, and we read or refuse those that it
// writes; Debezium captures what we capture, and every difference is declared; PostgreSQL 14 to 17 (npm) are captured as 18 is. Java 17 with a compiler, and Maven, for
// the first two. Takes some minutes.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, build, goOn, install, requireNode } from './lib/steps.mjs';

requireNode();
process.chdir(ROOT);
await install();
await build();
const [first, ...rest] = process.argv.slice(2);
process.exitCode =
  first === 'postgres' ? await olderPostgres(rest) : (await suites(process.argv.slice(2))) || (first === undefined ? await olderPostgres([]) : 0);

function olderPostgres(majors) {
  return goOn(['--disable-warning=ExperimentalWarning', 'scripts/test/older-postgres.ts', ...majors]);
}

function suites(patterns) {
  if (!patterns.includes('debezium')) fetchSpark();
  console.log('running: some minutes');
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--config=scripts/test/jest.config.mjs'];
  return goOn([...jest, '--selectProjects', 'outside', '--runInBand', '--forceExit', ...patterns]);
}

function fetchSpark() {
  const jars = join(ROOT, '.spark');
  if (existsSync(jars)) return;
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
