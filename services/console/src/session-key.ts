import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import type { ConsoleConfig } from './console-config.ts';

const KEY_BYTES = 32;

/** The key that seals session cookies: as configured, or `<directory>/console/session.key` (0600), made at first start. */
export async function sessionKey(configured: ConsoleConfig['sessionKey']): Promise<Buffer> {
  if ('hex' in configured) return Buffer.from(configured.hex, 'hex');
  const directory = join(configured.directory, 'console');
  const path = join(directory, 'session.key');
  const key = (await read(path)) ?? (await make(directory, path));
  if (key.length !== KEY_BYTES) throw new Failure('misconfigured', `${path} is damaged: delete it, everybody then signs in again`);
  return key;
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await readFile(path, 'utf8'), 'hex');
  } catch (error) {
    if (classify(error).detail.code === 'ENOENT') return undefined;
    throw new Failure('misconfigured', `${path} can't be read: give this user read access to it`, { cause: error });
  }
}

/** Whole or not at all; of two processes that start at once, one's key stands for both. */
async function make(directory: string, path: string): Promise<Buffer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, randomBytes(KEY_BYTES).toString('hex'), { mode: 0o600, flag: 'wx' });
  try {
    await link(temporary, path);
  } catch (error) {
    if (classify(error).detail.code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary);
  }
  return (await read(path)) ?? Buffer.alloc(0);
}
