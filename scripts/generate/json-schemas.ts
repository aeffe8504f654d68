import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { jsonText, type Artefact } from './artefact.ts';

const FOLDERS = ['contracts/topics', 'contracts/jobs', 'contracts/http'];

/** One `<file>.schema.json` for each contract file that exports zod schemas; each export is a definition. */
export async function jsonSchemas(root: string): Promise<Artefact[]> {
  const artefacts: Artefact[] = [];
  for (const folder of FOLDERS) {
    for (const file of await contractFiles(join(root, folder))) {
      const schemas = await exportedSchemas(join(root, folder, file));
      if (schemas.length === 0) continue;
      const name = basename(file, '.ts');
      const definitions = Object.fromEntries(schemas.map(([id, schema]) => [id, definition(schema)]));
      artefacts.push({
        path: `${folder}/${name}.schema.json`,
        text: jsonText({
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          $id: `urn:lakeloop:${folder.replace('contracts/', '')}:${name}`,
          $defs: definitions,
        }),
      });
    }
  }
  return artefacts;
}

async function contractFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts')).toSorted();
}

async function exportedSchemas(path: string): Promise<[string, z.ZodType][]> {
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  return Object.entries(module).filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType);
}

/** A 64-bit integer is a JSON integer on the wire. */
function definition(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'bigint') jsonSchema.type = 'integer';
    },
  });
  return rest;
}
