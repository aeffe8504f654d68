import { type CanActivate, createParamDecorator, type ExecutionContext, Inject, Injectable, Optional } from '@nestjs/common';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Principal } from '../principal.ts';
import { TokenVerifier } from '../token-verifier.ts';
import { UnauthorizedToken } from '../unauthorized-token.ts';

/** Injection token of the guard's options; without a provider, every request needs a token. */
export const PRINCIPAL_GUARD_OPTIONS = Symbol('PRINCIPAL_GUARD_OPTIONS');

export interface PrincipalGuardOptions {
  /** Postgres role of a request without a token; unset: 401. */
  anonRole?: string;
}

interface GuardedRequest {
  headers: Record<string, string | string[] | undefined>;
  principal?: Principal;
}

/**
 * Puts the caller's principal on the request, for `@CurrentPrincipal()`. 401 with WWW-Authenticate (RFC 6750 §3) otherwise;
 * a module provides `TokenVerifier` (or `{provide: TokenVerifier, useValue: null}` where only the anonymous role is served).
 */
@Injectable()
export class PrincipalGuard implements CanActivate {
  readonly #verifier: TokenVerifier | null;
  readonly #options: PrincipalGuardOptions;

  constructor(
    @Optional() @Inject(TokenVerifier) verifier: TokenVerifier | null,
    @Optional() @Inject(PRINCIPAL_GUARD_OPTIONS) options: PrincipalGuardOptions | null,
  ) {
    this.#verifier = verifier;
    this.#options = options ?? {};
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<GuardedRequest>();
    try {
      request.principal = await this.#identify(request);
      return true;
    } catch (error) {
      if (!(error instanceof UnauthorizedToken)) throw error;
      http.getResponse<{ header(name: string, value: string): void }>().header('www-authenticate', challenge(error));
      throw new ProblemException(401, `token-${error.reason}`, error.message);
    }
  }

  async #identify(request: GuardedRequest): Promise<Principal> {
    const header = request.headers['authorization'];
    if (header === undefined) {
      if (this.#options.anonRole) return anonymous(this.#options.anonRole);
      throw new UnauthorizedToken('missing', 'a bearer token is required');
    }
    const token = typeof header === 'string' ? /^bearer +([^ ]+) *$/i.exec(header)?.[1] : undefined;
    if (!token || !this.#verifier) throw new UnauthorizedToken('invalid', 'the Authorization header holds no bearer token that is accepted here');
    return this.#verifier.verify(token);
  }
}

/** The principal that `PrincipalGuard` found. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!principal) throw new TypeError('@CurrentPrincipal() without PrincipalGuard');
  return principal;
});

function anonymous(role: string): Principal {
  return { subject: 'anonymous', role, amr: [], claims: { role } };
}

/** RFC 6750 §3.1: no error code when there was no token at all. */
function challenge({ reason, message }: UnauthorizedToken): string {
  return reason === 'missing' ? 'Bearer' : `Bearer error="invalid_token", error_description="${message.replaceAll(/["\\]/g, '')}"`;
}
