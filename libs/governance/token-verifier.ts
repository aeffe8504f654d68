import { hash } from 'node:crypto';
import { decodeProtectedHeader, errors, importJWK, type JSONWebKeySet, type JWTPayload, jwtVerify, type JWTVerifyGetKey, createLocalJWKSet } from 'jose';
import { Failure } from '#libs/failure/failure';
import type { Principal } from './principal.ts';
import { principalFrom } from './principal-claims.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { UnauthorizedToken } from './unauthorized-token.ts';

export interface TokenVerifierOptions {
  /** OpenID Connect issuer: its keys are discovered, its name must be the token's `iss`. */
  issuer?: string;
  /** Required `aud`; unset: not checked. */
  audience?: string;
  /** Static key set instead of discovery. Symmetric keys (`kty: oct`) count only here. */
  jwks?: JSONWebKeySet;
  /** Where the Postgres role is: a claim's name, or a dotted path. Default `role`. */
  roleClaim?: string;
  /**
   * Takes tokens that say less than ours must, as PostgREST does: without an end, without a subject (the role stands for it), without a role (this one
   * stands for it). Absent: all three are required. One that never ends can't be taken back, and one without a subject tells auditors nothing.
   */
  lenient?: { role: string | undefined };
  /** Leeway for `exp` and `nbf`, seconds. Default 5. */
  clockToleranceSeconds?: number;
  /** Most tokens whose verification is remembered. Default 5,000. */
  cacheSize?: number;
  /** Milliseconds since the epoch; default the system's. */
  now?: () => number;
}

/** Asymmetric algorithms of RFC 7518 and 8037. `none` is never in any list. */
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SYMMETRIC = ['HS256', 'HS384', 'HS512'];
/** A removed key stops counting within this time, ms. */
const REMEMBERED_MS = 60_000;

/** Turns a bearer token into a principal. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #keys: JWTVerifyGetKey;
  readonly #algorithms: string[];
  readonly #remembered = new Map<string, { principal: Principal; until: number }>();

  private constructor(options: TokenVerifierOptions, keys: JWTVerifyGetKey) {
    this.#options = options;
    this.#keys = keys;
    this.#algorithms = options.jwks?.keys.some((key) => key.kty === 'oct') ? [...ASYMMETRIC, ...SYMMETRIC] : ASYMMETRIC;
  }

  /** Throws a `misconfigured` Failure when neither issuer nor key set is given. Nothing is fetched before the first token comes. */
  static create(options: TokenVerifierOptions): TokenVerifier {
    if (options.jwks) return new TokenVerifier(options, staticKeys(options.jwks));
    if (!options.issuer) throw new Failure('misconfigured', 'tokens can not be verified: set an issuer or a key set');
    const keys = new IssuerKeys(options.issuer);
    return new TokenVerifier(options, (header, token) => keys.find(header, token));
  }

  /** Throws `UnauthorizedToken`, or a `dependency-unavailable` Failure when the issuer's keys can't be had. */
  async verify(token: string): Promise<Principal> {
    if (token === '') throw new UnauthorizedToken('missing', 'a bearer token is required');
    const id = hash('sha256', token, 'base64');
    const now = (this.#options.now ?? Date.now)();
    const known = this.#remembered.get(id);
    if (known && known.until > now) return known.principal;
    const payload = await this.#check(token, now);
    const principal = principalFrom(payload, this.#options.roleClaim ?? 'role', this.#options.lenient);
    this.#remember(id, principal, Math.min(now + REMEMBERED_MS, (payload.exp ?? Infinity) * 1000));
    return principal;
  }

  async #check(token: string, now: number): Promise<JWTPayload> {
    const { issuer, audience, clockToleranceSeconds = 5 } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        algorithms: this.#algorithms,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now),
        requiredClaims: this.#options.lenient ? [] : ['exp'],
        ...(issuer ? { issuer } : {}),
        ...(audience ? { audience } : {}),
      });
      requireAudienceText(payload);
      return payload;
    } catch (error) {
      throw explain(error);
    }
  }

  /** Insertion order is age: the oldest goes first. */
  #remember(id: string, principal: Principal, until: number): void {
    this.#remembered.delete(id);
    this.#remembered.set(id, { principal, until });
    if (this.#remembered.size <= (this.#options.cacheSize ?? 5_000)) return;
    for (const oldest of this.#remembered.keys()) return void this.#remembered.delete(oldest);
  }
}

/** jose's local set knows no symmetric keys: those are looked up here, by `kid` where the token has one. */
function staticKeys(jwks: JSONWebKeySet): JWTVerifyGetKey {
  const asymmetric = createLocalJWKSet({ keys: jwks.keys.filter((key) => key.kty !== 'oct') });
  return async (header, token) => {
    if (!header.alg?.startsWith('HS')) return asymmetric(header, token);
    const key = jwks.keys.find(
      (candidate) => candidate.kty === 'oct' && (header.kid === undefined || candidate.kid === undefined || candidate.kid === header.kid),
    );
    if (!key) throw new errors.JWKSNoMatchingKey();
    return importJWK(key, header.alg);
  };
}

/** RFC 7519 §4.1.3: one string, or a list of them. */
function requireAudienceText(payload: JWTPayload): void {
  const audience: unknown = payload.aud ?? [];
  if ((Array.isArray(audience) ? audience : [audience]).every((item) => typeof item === 'string')) return;
  throw new errors.JWTClaimValidationFailed('"aud" claim must be text', payload, 'aud', 'invalid');
}

function explain(error: unknown): Error {
  if (error instanceof Failure) return error;
  if (error instanceof errors.JWTExpired) return new UnauthorizedToken('expired', 'the token has expired', { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) return new UnauthorizedToken('invalid', `the token's ${error.claim} is not accepted`, { cause: error });
  if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
    return new UnauthorizedToken('invalid', 'the token is not valid', { cause: error });
  return new Failure('bug', 'token verification failed', { cause: error });
}

/** The token's algorithm and key id, for logs; undefined when it is no token at all. */
export function tokenHeader(token: string): { alg?: string; kid?: string } | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return { ...(alg ? { alg } : {}), ...(kid ? { kid } : {}) };
  } catch {
    return undefined;
  }
}
