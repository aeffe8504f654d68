import { createHash } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import type { Clock } from '#libs/runtime/clock';
import type { RelyingParty } from './relying-party.ts';
import type { SignedIn } from './signed-in.ts';

/** How long the successor of a used refresh token is remembered, ms. */
const MEMORY_MS = 15 * 60_000;

/**
 * Keeps access tokens fresh. Refresh tokens rotate: a second use would end the session, and a page fires many requests at
 * once, some of which (streams) cannot carry the new cookie back. So each refresh token is used once, and whoever
 * still comes with the old one gets what it was traded for.
 */
export class FreshTokens {
  readonly #issuer: Pick<RelyingParty, 'refresh'>;
  readonly #clock: Clock;
  readonly #traded = new Map<string, { at: number; tokens: Promise<SignedIn> }>();

  constructor(issuer: Pick<RelyingParty, 'refresh'>, clock: Clock) {
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /**
   * The same tokens while they last longer than `marginMs` (a third of their life, when that is less), else new ones. Undefined: the session is over.
   * When the issuer can't be asked, the old ones for as long as they hold.
   */
  async of(signedIn: SignedIn, marginMs: number): Promise<SignedIn | undefined> {
    if (signedIn.expiresAt - this.#clock.now() > Math.min(marginMs, signedIn.lifetimeMs / 3)) return signedIn;
    const { refreshToken } = signedIn;
    const usable = signedIn.expiresAt > this.#clock.now() ? signedIn : undefined;
    if (refreshToken === undefined) return usable;
    try {
      const successor = await this.#trade(refreshToken, signedIn);
      return successor.expiresAt - this.#clock.now() > 0 ? successor : await this.of(successor, marginMs);
    } catch (error) {
      if (error instanceof Failure && error.kind === 'forbidden') return undefined;
      return usable;
    }
  }

  #trade(refreshToken: string, before: SignedIn): Promise<SignedIn> {
    const now = this.#clock.now();
    for (const [key, { at }] of this.#traded) if (at < now - MEMORY_MS) this.#traded.delete(key);
    const key = createHash('sha256').update(refreshToken).digest('base64');
    const known = this.#traded.get(key);
    if (known) return known.tokens;
    const tokens = this.#issuer.refresh(refreshToken, before);
    this.#traded.set(key, { at: now, tokens });
    tokens.catch(() => this.#traded.delete(key));
    return tokens;
  }
}
