// `npm run build`: TypeScript to dist/ with SWC, the console's web app to dist/console with Vite.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleKafkaProtocol } from './bundle-kafka-protocol.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['contracts', 'libs', 'services', 'deploy/local', 'scripts/demo', 'scripts/generate'].filter((folder) => existsSync(join(ROOT, folder)));
const WEB = 'services/console/web';

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** A module whose source is gone would still be found: remove it. */
function removeStale() {
  for (const folder of SOURCES) {
    const directory = join(ROOT, 'dist', folder);
    if (!existsSync(directory)) continue;
    for (const name of readdirSync(directory, { recursive: true })) {
      const source = join(ROOT, folder, String(name).replace(/\.js(\.map)?$/, ''));
      if (/\.js(\.map)?$/.test(String(name)) && !['.ts', '.tsx', '.js', '.mjs'].some((extension) => existsSync(source + extension)))
        rmSync(join(directory, String(name)));
    }
  }
}

/** What serves tests alone is not built; nor is the web app, which Vite builds. */
const LEFT_OUT = [
  '**/*.spec.ts',
  '**/*.fixture.ts',
  '**/*.suite.ts',
  '**/*.conformance.ts',
  '**/testing/**',
  '**/conformance/**',
  '**/fixtures/**',
  `**/${WEB}/**`,
];

run(['node_modules/@swc/cli/bin/swc.js', ...SOURCES, '-d', 'dist', ...LEFT_OUT.flatMap((pattern) => ['--ignore', pattern]), '--copy-files', '--quiet']);
removeStale();
await bundleKafkaProtocol();
if (existsSync(join(ROOT, WEB, 'index.html')) && !process.argv.includes('--no-web')) {
  run(['node_modules/vite/bin/vite.js', 'build', WEB, '--logLevel', 'warn']);
}
