import { join } from 'node:path';
import { postgresPackage } from '#libs/postgres/embedded/binaries';

const NEWEST = 18;

/** Major version of the run's PostgreSQL: the one of npm, unless `npm run test:outside -- postgres` goes through the older ones. */
export function testMajor(): number {
  return Number(process.env['LAKELOOP_TEST_POSTGRES_MAJOR'] || NEWEST);
}

/** Directory of the programs of another major version, as `npm run test:outside -- postgres` installed it; undefined: the one of npm. */
export function testBinaries(): string | undefined {
  const major = testMajor();
  if (major === NEWEST) return undefined;
  return join(import.meta.dirname, '..', '..', '.postgres', String(major), 'node_modules', postgresPackage(), 'native', 'bin');
}
