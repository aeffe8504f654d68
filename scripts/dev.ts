/** `npm run dev`: the embedded default, built and restarted on every change of a source; the console's web app is rebuilt beside it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { watch } from 'chokidar';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = ['contracts', 'libs', 'services', 'deploy/local'];
/** Editors save several files at once. */
const SETTLE_MS = 120;

let running: ChildProcess | undefined;
let timer: NodeJS.Timeout | undefined;
let turn = Promise.resolve();

function build(): boolean {
  return spawnSync(process.execPath, ['scripts/build.mjs', '--no-web'], { cwd: ROOT, stdio: 'inherit' }).status === 0;
}

function start(): ChildProcess {
  return spawn(process.execPath, ['-C', 'dist', '--enable-source-maps', 'dist/services/embedded/src/main.js'], {
    cwd: ROOT,
    stdio: 'inherit',
    // A group of its own: Ctrl-C is ours to pass on.
    detached: true,
  });
}

async function stop(): Promise<void> {
  const child = running;
  running = undefined;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function restart(path: string): Promise<void> {
  console.log(`changed: ${path}`);
  // A build that fails leaves what runs alone.
  if (!build()) return;
  await stop();
  running = start();
}

if (!build()) process.exit(1);
const web = spawn(process.execPath, ['node_modules/vite/bin/vite.js', 'build', 'services/console/web', '--watch', '--logLevel', 'warn'], {
  cwd: ROOT,
  stdio: 'inherit',
});
running = start();

watch(SOURCES, { cwd: ROOT, ignoreInitial: true, ignored: (path) => /(^|\/)(node_modules|fixtures)(\/|$)|console\/web|\.spec\.ts$/.test(path) }).on(
  'all',
  (_event, path) => {
    if (!path.endsWith('.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(() => (turn = turn.then(() => restart(path))), SETTLE_MS);
  },
);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    web.kill();
    void stop().then(() => process.exit(0));
  });
}
