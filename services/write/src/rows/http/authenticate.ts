import { errors } from 'jose';
import { classify } from '#libs/failure/classify';
import type { Principal } from '#libs/governance/principal';
import { tokenHeader, type TokenVerifier } from '#libs/governance/token-verifier';
import { UnauthorizedToken } from '#libs/governance/unauthorized-token';
import { ApiError } from '../api-error.ts';

export interface Identified {
  principal: Principal;
  anonymous: boolean;
}

/** Tells who calls, in PostgREST's words: 401 PGRST301 (bad token), PGRST302 (none, and no anonymous role), PGRST303 (expired). */
export class Authenticator {
  readonly #verifier: TokenVerifier | null;
  readonly #anonymous: Identified | undefined;

  constructor(verifier: TokenVerifier | null, anonRole: string | undefined) {
    this.#verifier = verifier;
    this.#anonymous =
      anonRole === undefined ? undefined : { anonymous: true, principal: { subject: 'anonymous', role: anonRole, amr: [], claims: { role: anonRole } } };
  }

  async identify(authorization: string | undefined): Promise<Identified> {
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (/^bearer *$/i.test(authorization ?? '')) throw invalidToken('PGRST301', 'Empty JWT is sent in Authorization header');
    if (token === undefined) {
      if (this.#anonymous) return this.#anonymous;
      throw unauthorized('PGRST302', 'Anonymous access is disabled', 'Bearer');
    }
    if (!this.#verifier) throw invalidToken('PGRST301', 'No tokens are accepted here');
    try {
      const principal = await this.#verifier.verify(token);
      // PostgreSQL reads this name as "no role at all", which would leave the service's own login in place.
      if (principal.role.toLowerCase() === 'none') throw new UnauthorizedToken('invalid', 'its role is not a role');
      return { anonymous: false, principal };
    } catch (error) {
      throw refusal(error, token);
    }
  }
}

function refusal(error: unknown, token: string): ApiError {
  if (error instanceof UnauthorizedToken) return refusedToken(error, token);
  const failure = classify(error);
  if (failure.kind === 'dependency-unavailable' || failure.kind === 'timeout')
    return new ApiError(503, 'PGRST301', 'Tokens cannot be checked now', { details: failure.message, headers: { 'retry-after': '1' } });
  throw failure;
}

/** PGRST301 for what is no token of ours, PGRST303 for one whose claims don't hold. */
function refusedToken(error: UnauthorizedToken, token: string): ApiError {
  if (error.reason === 'expired') return invalidToken('PGRST303', 'JWT expired');
  const parts = token.split('.').length;
  if (parts !== 3) return invalidToken('PGRST301', `Expected 3 parts in JWT; got ${parts}`);
  const { cause } = error;
  if (cause instanceof errors.JWTClaimValidationFailed) return invalidToken('PGRST303', claimMessage(cause));
  if (cause instanceof errors.JOSEAlgNotAllowed || algorithmOf(token) === 'none')
    return invalidToken('PGRST301', 'Wrong or unsupported encoding algorithm', "JWT is unsecured but expected 'alg' was not 'none'");
  if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWSSignatureVerificationFailed)
    return invalidToken('PGRST301', 'No suitable key or wrong key type', 'None of the keys was able to decode the JWT');
  if (cause !== undefined) return invalidToken('PGRST301', 'JWT cryptographic operation failed');
  return invalidToken('PGRST301', `JWT invalid: ${error.message}`);
}

function claimMessage({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'invalid') return `The JWT '${claim}' claim must be ${claim === 'aud' ? 'a string or an array of strings' : 'a number'}`;
  if (claim === 'nbf') return 'JWT not yet valid';
  if (claim === 'iat') return 'JWT issued at future';
  return claim === 'aud' ? 'JWT not in audience' : `JWT invalid: its ${claim} is not accepted`;
}

function algorithmOf(token: string): string | undefined {
  return tokenHeader(token)?.alg;
}

/** RFC 6750 §3. */
function invalidToken(code: string, message: string, details: string | null = null): ApiError {
  return unauthorized(code, message, `Bearer error="invalid_token", error_description="${message.replaceAll(/["\\]/g, '')}"`, details);
}

function unauthorized(code: string, message: string, challenge: string, details: string | null = null): ApiError {
  return new ApiError(401, code, message, { details, headers: { 'www-authenticate': challenge } });
}
