import { describe, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import { FreshTokens } from './fresh-tokens.ts';
import { returnPath } from './return-path.ts';
import type { SignedIn } from './signed-in.ts';

const clock = { time: 0, now: () => clock.time };
const user = { subject: 'a', name: 'A', role: 'analyst' };
const tokens = (refreshToken: string, expiresAt: number): SignedIn => ({
  accessToken: `of ${refreshToken}`,
  refreshToken,
  expiresAt,
  lifetimeMs: 900_000,
  user,
});

describe('fresh tokens', () => {
  it('are the same while they last', async () => {
    clock.time = 0;
    const signedIn = tokens('r1', 61_000);
    const fresh = new FreshTokens({ refresh: () => Promise.reject(new Error('not asked')) }, clock);
    expect(await fresh.of(signedIn, 60_000)).toBe(signedIn);
  });

  it('are traded once for all who come with the old ones, and chain when the successor is old too', async () => {
    clock.time = 0;
    const traded: string[] = [];
    const refresh = async (token: string): Promise<SignedIn> => {
      traded.push(token);
      return tokens(`${token}'`, clock.time + 300_000);
    };
    const fresh = new FreshTokens({ refresh }, clock);
    const old = tokens('r1', 1);
    const results = await Promise.all([fresh.of(old, 60_000), fresh.of(old, 60_000)]);
    expect(results.map((result) => result?.refreshToken)).toEqual(["r1'", "r1'"]);
    clock.time = 301_000;
    expect((await fresh.of(old, 60_000))?.refreshToken).toBe("r1''");
    expect(traded).toEqual(['r1', "r1'"]);
  });

  it('are none once the issuer ended the session, and the old ones while it does not answer', async () => {
    clock.time = 0;
    const ended = new FreshTokens({ refresh: () => Promise.reject(new Failure('forbidden', 'ended')) }, clock);
    expect(await ended.of(tokens('r1', 30_000), 60_000)).toBeUndefined();
    const away = new FreshTokens({ refresh: () => Promise.reject(new Failure('dependency-unavailable', 'away')) }, clock);
    expect(await away.of(tokens('r1', 30_000), 60_000)).toMatchObject({ accessToken: 'of r1' });
    expect(await away.of(tokens('r1', -1), 60_000)).toBeUndefined();
  });
});

describe('the path after sign-in', () => {
  it('never leads to another site', () => {
    expect(
      ['/exceptions/queue?tab=mine#x', '//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', undefined].map(returnPath),
    ).toEqual(['/exceptions/queue?tab=mine#x', '/', '/', '/', '/', '/']);
  });
});
