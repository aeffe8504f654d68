// npm leaves a platform's binary out of package-lock.json where its registry does not serve it, and `npm ci` then refuses the whole file everywhere.
// This adds an entry without an address or checksum for each binary that is missing: skipped here, found by its version where the platform fits.
// `--check` changes nothing: it names what is missing, and any registry's address that got into the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const OS = /\b(darwin|linux|win32|windows|freebsd|android|openharmony)\b/;
const CPU = /\b(x64|arm64|arm|ia32|ppc64|s390x|riscv64|loong64)\b/;

/** Where Node would find `name` for the package at `path`: the lockfile's key, or undefined. */
function located(packages, path, name) {
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    const key = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
    if (packages[key]) return key;
    if (base === '') return undefined;
  }
}

function stub(name, version, dev) {
  const short = name.slice(name.indexOf('/') + 1);
  const os = OS.exec(short)?.[1];
  const cpu = CPU.exec(short)?.[1];
  if (!os || !cpu || !/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name}@${version}: its platform can't be read from its name; add it by hand`);
  const libc = /musl/.test(short) ? ['musl'] : /gnu/.test(short) ? ['glibc'] : undefined;
  return { version, cpu: [cpu], ...(dev ? { dev: true } : {}), ...(libc ? { libc } : {}), optional: true, os: [os === 'windows' ? 'win32' : os] };
}

function missing({ packages }) {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !located(packages, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const absent = missing(lock);
const addressed = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined && !entry.link);

if (process.argv.includes('--check')) {
  for (const { name } of absent) console.log(`package-lock.json lacks ${name}: run node scripts/lockfile.mjs`);
  for (const [path] of addressed) console.log(`package-lock.json names a registry for ${path}: run node scripts/lockfile.mjs`);
  process.exitCode = absent.length + addressed.length > 0 ? 1 : 0;
} else {
  for (const { name, version, dev } of absent) lock.packages[`node_modules/${name}`] ??= stub(name, version, dev);
  for (const [, entry] of addressed) delete entry.resolved;
  const [root, ...rest] = Object.entries(lock.packages);
  lock.packages = Object.fromEntries([root, ...rest.toSorted(([a], [b]) => a.localeCompare(b, 'en'))]);
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: ${absent.length} entries added, ${addressed.length} addresses removed`);
}
