import { createHash, randomBytes } from 'node:crypto';

/** A one-time token, and the hash by which it is announced before it is used. */
export function newToken(): string {
  return randomBytes(16).toString('hex');
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
