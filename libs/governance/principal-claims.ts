import type { JWTPayload } from 'jose';
import type { Principal } from './principal.ts';
import { UnauthorizedToken } from './unauthorized-token.ts';

/**
 * Maps a verified token's claims. The role is one string, or a list of exactly one. An agent acts when the token says so by `act`
 * (RFC 8693 §4.1): then `sub` is the person on whose behalf it acts. A token without `act` whose role is `agent` belongs to the agent itself.
 * `lenient`: its role stands for a missing one, and the role for a missing subject.
 * Throws `UnauthorizedToken('invalid')` for a token that names no subject or role, or holds text that Postgres can't.
 */
export function principalFrom(payload: JWTPayload, roleClaim: string, lenient?: { role: string | undefined }): Principal {
  const role = roleAt(payload, roleClaim) ?? lenient?.role;
  const subject = payload.sub ?? (lenient && role);
  if (!subject) throw new UnauthorizedToken('invalid', 'the token names no subject');
  if (!role) throw new UnauthorizedToken('invalid', `the token names no role (claim ${roleClaim})`);
  if (!storable(payload)) throw new UnauthorizedToken('invalid', 'the token holds text that is not valid Unicode, or NUL');
  const name = text(payload['name']) ?? text(payload['preferred_username']);
  const actor = text((payload['act'] as { sub?: unknown } | undefined)?.sub);
  const agent = actor ?? (role === 'agent' ? subject : undefined);
  const amr = Array.isArray(payload['amr']) ? payload['amr'].filter((method) => typeof method === 'string') : [];
  return { subject, role, amr, claims: payload, ...(name ? { name } : {}), ...(agent ? { agent } : {}), ...(actor ? { onBehalfOf: subject } : {}) };
}

function roleAt(payload: JWTPayload, path: string): string | undefined {
  const found = Object.hasOwn(payload, path) ? payload[path] : path.split('.').reduce<unknown>(step, payload);
  return text(Array.isArray(found) && found.length === 1 ? found[0] : found);
}

function step(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** jsonb refuses NUL and lone surrogates; names count as well as values. */
function storable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, item]) => storable(name) && storable(item));
}
