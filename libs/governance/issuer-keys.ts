import { createRemoteJWKSet, errors, type CryptoKey, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';

const ATTEMPTS = 3;
const TIMEOUT_MS = 3_000;

/** An issuer's signing keys, by OpenID Connect discovery. An issuer that can't be reached is a missing dependency, not a bad token. */
export class IssuerKeys {
  readonly #issuer: string;
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Fetches again for a key id it does not know (at most every 5 s), so that a rotated key works at once. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    try {
      return await retrying(() => this.#lookUp(header, token), { initialMs: 50, maxMs: 500, retryable: retryableFor(ATTEMPTS) });
    } catch (error) {
      if (isKeyError(error)) throw error;
      throw new Failure('dependency-unavailable', `the issuer ${this.#issuer} does not hand out its keys`, { cause: error });
    }
  }

  async #lookUp(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    this.#keys ??= this.#discover();
    try {
      return await (
        await this.#keys
      )(header, token);
    } catch (error) {
      if (!isKeyError(error)) this.#keys = undefined;
      throw error;
    }
  }

  async #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const response = await fetch(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`discovery answered ${response.status}`);
    const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== this.#issuer) throw new Error('discovery names another issuer');
    if (typeof document.jwks_uri !== 'string') throw new Error('discovery names no jwks_uri');
    return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: TIMEOUT_MS, cooldownDuration: 5_000 });
  }
}

/** The keys were had, and none fits: the token's fault. */
function isKeyError(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported;
}

function retryableFor(attempts: number): (error: unknown) => boolean {
  let left = attempts;
  return (error) => !isKeyError(error) && --left > 0;
}
