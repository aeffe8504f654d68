/**
 * `npm run generate` writes every committed file that is made from code; with `--check` it only compares, and names each file that is out of date.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Artefact } from './generate/artefact.ts';
import { cdcDifferences } from './generate/cdc-differences.ts';
import { asyncApi } from './generate/async-api.ts';
import { jsonSchemas } from './generate/json-schemas.ts';

const ROOT = join(import.meta.dirname, '..');
const BUILT: string = '../dist/scripts/generate/open-api.js';
const checkOnly = process.argv.includes('--check');

// Controllers are read from the build: decorators need their metadata.
spawnSync(process.execPath, ['scripts/build.mjs', '--no-web'], { cwd: ROOT, stdio: 'inherit' });
const { openApi } = (await import(BUILT)) as typeof import('./generate/open-api.ts');
const artefacts: Artefact[] = (await Promise.all([jsonSchemas(ROOT), asyncApi(ROOT), cdcDifferences(ROOT), openApi()])).flat();
const outdated: string[] = [];
for (const { path, text } of artefacts) {
  const file = join(ROOT, path);
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed === text) continue;
  outdated.push(path);
  if (checkOnly) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

for (const path of outdated) console.log(checkOnly ? `out of date: ${path} (npm run generate)` : `written: ${path}`);
if (outdated.length === 0) console.log(`${artefacts.length} generated files are up to date`);
process.exitCode = checkOnly && outdated.length > 0 ? 1 : 0;
