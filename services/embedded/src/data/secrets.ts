import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '#libs/failure/failure';

const password = z.string().min(16);
const secrets = z.object({
  /** Superuser of the embedded Postgres. */
  postgres: password,
  logins: z.object({ write: password, cdc: password, workflow: password, notification: password, lakehouse: password, admin: password }),
  /** Key of the console's cookies: 32 bytes, hexadecimal. */
  cookieKey: z.string().regex(/^[0-9a-f]{64}$/),
  /** Seals the cursors of change streams. */
  cursorSecret: password,
});
/** What this installation knows that nobody else may: made at random at the first start. */
export type Secrets = z.infer<typeof secrets>;

/** Reads `secrets.json`, or makes it where there is no database yet. Throws `misconfigured` when it is missing or damaged beside a database. */
export async function loadSecrets(dataDirectory: string): Promise<Secrets> {
  const path = join(dataDirectory, 'secrets.json');
  if (!existsSync(path)) return createSecrets(dataDirectory, path);
  const parsed = await complete(path, parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Failure('misconfigured', `${path} is damaged: restore it, or start anew with npm start -- --reset`);
}

async function createSecrets(dataDirectory: string, path: string): Promise<Secrets> {
  if (existsSync(join(dataDirectory, 'postgres'))) {
    throw new Failure('misconfigured', `${path} is missing beside a database that needs it: restore it, or start anew with npm start -- --reset`);
  }
  const made: Secrets = {
    postgres: random(),
    logins: { write: random(), cdc: random(), workflow: random(), notification: random(), lakehouse: random(), admin: random() },
    cookieKey: randomBytes(32).toString('hex'),
    cursorSecret: random(),
  };
  await write(path, made);
  return made;
}

const random = (): string => randomBytes(24).toString('base64url');

/** An installation from before there was a login for the lakehouse gets one. */
async function complete(path: string, found: unknown): Promise<ReturnType<typeof secrets.safeParse>> {
  const parsed = secrets.safeParse(found);
  const logins = z.object({ logins: z.record(z.string(), z.string()) }).safeParse(found);
  if (parsed.success || !logins.success || 'lakehouse' in logins.data.logins) return parsed;
  const completed = secrets.safeParse({ ...(found as object), logins: { ...logins.data.logins, lakehouse: random() } });
  if (completed.success) await write(path, completed.data);
  return completed;
}

/** Whole or not at all, and on the disk before anything depends on it. */
async function write(path: string, made: Secrets): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  await file.writeFile(`${JSON.stringify(made, null, 2)}\n`);
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
