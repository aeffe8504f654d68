/** Runs capture's suites against older PostgreSQL servers, which npm has too: fetched into .postgres/<major>, beside what package-lock.json says. Arguments: majors; none: all. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { postgresPackage } from '../../libs/postgres/embedded/binaries.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const VERSIONS: Readonly<Record<string, string>> = {
  '14': '14.23.0-beta.17',
  '15': '15.18.0-beta.17',
  '16': '16.14.0-beta.17',
  '17': '17.10.0-beta.17',
};
const SUITES = ['services/cdc', 'libs/postgres'];

/** False when npm could not. */
function fetched(major: string): boolean {
  const directory = join(ROOT, '.postgres', major);
  if (existsSync(directory)) return true;
  const unfinished = `${directory}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const name = `${postgresPackage()}@${VERSIONS[major]}`;
  console.log(`fetching ${name}`);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  if (spawnSync('npm', ['install', '--prefix', unfinished, ...quiet, name], { stdio: 'inherit', cwd: unfinished }).status !== 0) return false;
  renameSync(unfinished, directory);
  return true;
}

function passes(major: string): boolean {
  console.log(`PostgreSQL ${VERSIONS[major]}`);
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
    'node_modules/jest/bin/jest.js',
  ];
  const args = [...jest, '--config=scripts/test/jest.config.mjs', '--selectProjects', 'pg', '--ci', '--forceExit', ...SUITES];
  const env = { ...process.env, LAKELOOP_TEST_POSTGRES_MAJOR: major };
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env }).status === 0;
}

const majors = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(VERSIONS);
const unknown = majors.find((major) => !(major in VERSIONS));
if (unknown !== undefined) throw new Error(`no PostgreSQL ${unknown} here: ${Object.keys(VERSIONS).join(', ')}`);
const failed = majors.filter((major) => !fetched(major) || !passes(major));
console.log(failed.length === 0 ? `PostgreSQL ${majors.join(', ')}: passed` : `failed: PostgreSQL ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
