import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  postgres: z.string(),
  logins: z.object({ write: z.string(), cdc: z.string(), workflow: z.string(), notification: z.string(), lakehouse: z.string(), admin: z.string() }),
  cookieKey: z.string(),
});
/** Passwords and keys of a local cluster: random, made at its first start, kept in `cluster.json` (0600). */
export type ClusterSecrets = z.infer<typeof schema>;

export async function clusterSecrets(dataDirectory: string): Promise<ClusterSecrets> {
  const path = join(dataDirectory, 'cluster.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) return schema.parse(JSON.parse(text));
  const random = (): string => randomBytes(24).toString('base64url');
  const made: ClusterSecrets = {
    postgres: random(),
    logins: { write: random(), cdc: random(), workflow: random(), notification: random(), lakehouse: random(), admin: random() },
    cookieKey: randomBytes(32).toString('hex'),
  };
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}
