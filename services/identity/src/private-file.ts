import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';

/** Reads a JSON file of ours; undefined when there is none. One that is damaged is a `misconfigured` Failure that says what to do. */
export async function readPrivate<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (classify(error).detail.code === 'ENOENT') return undefined;
    throw new Failure('misconfigured', `${path} can't be read: give this user read access to it`, { cause: error });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    // The cause may quote the file, which holds secrets.
    throw new Failure('misconfigured', `${path} is damaged: restore it, or delete it to have it made anew`, { detail: { error: (cause as Error).name } });
  }
}

/** Writes a JSON file that only this user can read, whole or not at all. */
export async function writePrivate(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
