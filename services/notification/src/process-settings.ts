import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { list, port, postgresUrl } from '#libs/runtime/config';

/** A JWK set (RFC 7517 §5) as JSON text. */
const jwks = z.string().transform((text, context) => {
  try {
    const value = JSON.parse(text) as { keys?: unknown };
    if (Array.isArray(value.keys)) return value as { keys: Record<string, string>[] };
  } catch {
    // said below
  }
  context.addIssue({ code: 'custom', message: 'must be a JSON Web Key Set: {"keys":[…]}' });
  return z.NEVER;
});

/** Settings of the notification process: its adapters and its port. Those of push itself: notification-config.ts. */
export const processSettings = z.object({
  DATABASE_URL: postgresUrl.describe('Postgres login of the service: owns nothing, may become the app roles'),
  KAFKA_BROKERS: list.describe('brokers of the change log, host:port, comma-separated'),
  CDC_TOPIC_PREFIX: z.string().default('lakeloop').describe('prefix of the change topics'),
  OIDC_ISSUER: z.url().optional().describe('OpenID Connect issuer whose tokens count'),
  OIDC_AUDIENCE: z.string().optional().describe('required audience of tokens'),
  JWT_JWKS: jwks.optional().describe('static JSON Web Key Set that verifies tokens'),
  JWT_ROLE_CLAIM: z.string().default('role').describe('claim that names the Postgres role; a dotted path'),
  REST_ANON_ROLE: z.string().optional().describe('Postgres role of a request without a token; unset: 401'),
  NOTIFICATION_PORT: port.default(8083).describe('HTTP port'),
  DB_POOL_MAX: z.coerce.number().int().min(4).default(16).describe('most Postgres connections'),
});
export type ProcessSettings = Readonly<z.infer<typeof processSettings>>;

/** A service that anybody could use as anybody must not start (decisions.md 11). */
export function requireIdentity({ OIDC_ISSUER, JWT_JWKS, REST_ANON_ROLE }: Pick<ProcessSettings, 'OIDC_ISSUER' | 'JWT_JWKS' | 'REST_ANON_ROLE'>): void {
  if (OIDC_ISSUER || JWT_JWKS || REST_ANON_ROLE) return;
  throw new Failure('misconfigured', 'nobody could sign in: set OIDC_ISSUER, JWT_JWKS or REST_ANON_ROLE');
}
