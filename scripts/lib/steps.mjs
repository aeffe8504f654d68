// What `npm start`, `npm test` and `npm run start:cluster` share: they are first run by whatever Node the user has (20 or newer), before anything is
// installed, so this file is plain JavaScript without a dependency.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const WINDOWS = process.platform === 'win32';
const MODULES = join(ROOT, 'node_modules');
const LOCK = join(ROOT, 'package-lock.json');
const INSTALLED = join(MODULES, '.lakeloop-installed');
const BUILT = join(ROOT, 'dist', '.built');
/** Folders whose files become dist. */
const SOURCES = ['contracts', 'libs', 'services', 'deploy/local', 'scripts/demo'];
const SETTINGS = ['package.json', '.swcrc', 'scripts/build.mjs'];

/** Node as the project installs it (24). */
export const NODE = join(MODULES, 'node', 'bin', WINDOWS ? 'node.exe' : 'node');

/** Prints one line and ends: for what the user can mend. */
export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

export function requireNode(major = 20) {
  if (Number(process.versions.node.split('.')[0]) >= major) return;
  fail(`Lakeloop needs Node ${major} or newer to start; this is ${process.version}. Install one from https://nodejs.org`);
}

/** Installs what package-lock.json says, unless that is what node_modules holds. */
export async function install() {
  if (isInstalled()) return;
  const first = !existsSync(MODULES);
  await step(first ? 'installing packages (a minute or two)' : 'updating packages', async () => {
    const clean = await npm('ci');
    // `npm ci` refuses a lockfile made on another platform whose binaries were not served there; `npm install` adds what is missing.
    const outcome = clean.code !== 0 && /EUSAGE|EBADPLATFORM/.test(clean.output) ? await npm('install') : clean;
    if (outcome.code !== 0) fail(`${outcome.output.trim()}\nnpm could not install the packages: see above; if the registry was out of reach, try again.`);
  });
  writeFileSync(INSTALLED, digestOf([LOCK]));
}

function isInstalled() {
  if (!existsSync(NODE)) return false;
  if (existsSync(INSTALLED)) return readFileSync(INSTALLED, 'utf8') === digestOf([LOCK]);
  const hidden = join(MODULES, '.package-lock.json');
  return existsSync(hidden) && statSync(hidden).mtimeMs >= statSync(LOCK).mtimeMs;
}

function npm(command) {
  const args = [command, '--no-audit', '--no-fund', '--loglevel=error', '--no-engine-strict', '--no-update-notifier'];
  // npm's own Node where npm runs us: the project's Node may be among what is replaced.
  const [file, first] = process.env.npm_execpath
    ? [process.env.npm_node_execpath ?? process.execPath, [process.env.npm_execpath]]
    : [WINDOWS ? 'npm.cmd' : 'npm', []];
  return run(file, [...first, ...args], { shell: WINDOWS && first.length === 0 });
}

function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = (output + chunk).slice(-8_192)));
    child.once('error', (error) => resolve({ code: 1, output: `${file}: ${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Builds when a source, the build's settings or the installed packages changed since the last build. */
export async function build() {
  const digest = digestOf([...SOURCES.flatMap(filesBelow), ...SETTINGS.map((name) => join(ROOT, name)), LOCK]);
  if (existsSync(BUILT) && readFileSync(BUILT, 'utf8') === digest) return;
  await step('building', async () => {
    const { code, output } = await run(NODE, [join(ROOT, 'scripts', 'build.mjs')]);
    if (code !== 0) fail(`${output.trim()}\nThe build failed: see above.`);
  });
  mkdirSync(dirname(BUILT), { recursive: true });
  writeFileSync(BUILT, digest);
}

/** Does `work`; says so, with the time it took, and keeps saying so on a terminal. */
export async function step(title, work) {
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
  const live = process.stdout.isTTY;
  const tick = () => process.stdout.write(live ? `\r  ${title} … ${seconds()} s` : `  ${title} … ${seconds()} s\n`);
  if (live) tick();
  else process.stdout.write(`  ${title} …\n`);
  const timer = setInterval(tick, live ? 1_000 : 10_000);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  process.stdout.write(
    live ? `\r\x1b[2K  ${title}: ${((Date.now() - began) / 1000).toFixed(1)} s\n` : `  ${title}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`,
  );
}

/**
 * Goes on in the project's Node with this terminal. Ctrl-C reaches the child too (same process group): we only wait for it, so that it can end in order.
 * A TERM sent to us alone is passed on.
 */
export function goOn(args, environment = {}) {
  const child = spawn(NODE, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...environment } });
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1))));
}

/** True where the program answers; nothing is printed. */
export function answers(program, args = ['--version']) {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function filesBelow(folder) {
  const directory = join(ROOT, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.spec\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) if (existsSync(file)) hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
