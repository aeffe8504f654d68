import { classify } from '#libs/failure/classify';
import type { Principal } from '#libs/governance/principal';
import type { TokenVerifier } from '#libs/governance/token-verifier';
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
      throw refusal(error);
    }
  }
}

function refusal(error: unknown): ApiError {
  if (error instanceof UnauthorizedToken)
    return error.reason === 'expired' ? invalidToken('PGRST303', 'JWT expired') : invalidToken('PGRST301', `JWT invalid: ${error.message}`);
  const failure = classify(error);
  if (failure.kind === 'dependency-unavailable' || failure.kind === 'timeout')
    return new ApiError(503, 'PGRST301', 'Tokens cannot be checked now', { details: failure.message, headers: { 'retry-after': '1' } });
  throw failure;
}

/** RFC 6750 §3. */
function invalidToken(code: string, message: string): ApiError {
  return unauthorized(code, message, `Bearer error="invalid_token", error_description="${message.replaceAll(/["\\]/g, '')}"`);
}

function unauthorized(code: string, message: string, challenge: string): ApiError {
  return new ApiError(401, code, message, { headers: { 'www-authenticate': challenge } });
}
