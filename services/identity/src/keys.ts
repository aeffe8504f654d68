import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { readPrivate, writePrivate } from './private-file.ts';

const keysFile = z.object({
  /** Private signing keys, the first in use. */
  jwks: z.object({
    keys: z.array(z.looseObject({ kty: z.literal('EC'), crv: z.string(), x: z.string(), y: z.string(), d: z.string(), kid: z.string() })).min(1),
  }),
  /** Signs the provider's own cookies. */
  cookieKeys: z.array(z.string().min(32)).min(1),
});
export type IdentityKeys = z.infer<typeof keysFile>;

/** Reads `<dataDirectory>/identity/keys.json`; made at first start. Sessions and issued tokens hold as long as it does. */
export async function loadKeys(dataDirectory: string): Promise<IdentityKeys> {
  const path = join(dataDirectory, 'identity', 'keys.json');
  const stored = await readPrivate(path, keysFile);
  if (stored) return stored;
  const made = keysFile.parse({ jwks: { keys: [await signingKey()] }, cookieKeys: [randomBytes(32).toString('base64url')] });
  await writePrivate(path, made);
  return made;
}

/** ES256: tokens stay small enough for a cookie. */
async function signingKey(): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomBytes(8).toString('hex'), alg: 'ES256', use: 'sig' };
}
