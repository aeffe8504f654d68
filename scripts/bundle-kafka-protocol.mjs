// Called by `npm run build`: makes dist/libs/changelog/kafka/protocol.js one file with only what is used of @platformatic/kafka.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OUTPUT = join(ROOT, 'dist', 'libs', 'changelog', 'kafka', 'protocol.js');
const KEPT = join(ROOT, 'dist', 'bundles');

/** Of the library's own clients, which we don't use: schemas of their options. */
const SCHEMAS = {
  id: '\0schemas',
  code: 'export class Ajv2020 { addKeyword() {} compile() { return () => { throw new Error("the clients of @platformatic/kafka are left out"); }; } }',
};

/** Made once for each version of the library and each list of what is used. */
function keptFile() {
  const version = JSON.parse(readFileSync(join(ROOT, 'node_modules/@platformatic/kafka/package.json'), 'utf8')).version;
  const hash = createHash('sha256')
    .update(version)
    .update(readFileSync(OUTPUT))
    .update(readFileSync(fileURLToPath(import.meta.url)));
  return join(KEPT, `kafka-protocol-${hash.digest('hex').slice(0, 16)}.js`);
}

async function bundle(file) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: OUTPUT,
    platform: 'node',
    // These read a file beside them.
    external: [/^node:/, '@platformatic/wasm-utils', '@node-rs/crc32'],
    treeshake: { moduleSideEffects: false, manualPureFunctions: ['createAPI'] },
    plugins: [
      {
        name: 'without-schemas',
        resolveId: (id) => (id === 'ajv/dist/2020.js' ? SCHEMAS.id : null),
        load: (id) => (id === SCHEMAS.id ? SCHEMAS.code : null),
      },
    ],
  });
  rmSync(KEPT, { recursive: true, force: true });
  mkdirSync(KEPT, { recursive: true });
  await build.write({ file, format: 'esm' });
}

/** Expects what the compiler made of the source in the output's place. */
export async function bundleKafkaProtocol() {
  const file = keptFile();
  if (!existsSync(file)) await bundle(file);
  copyFileSync(file, OUTPUT);
  rmSync(`${OUTPUT}.map`, { force: true });
}
