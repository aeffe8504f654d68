import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { Failure } from '#libs/failure/failure';
import type { Clock } from '#libs/runtime/clock';
import type { ConsoleConfig } from './console-config.ts';
import type { PendingSignIn, SessionUser, SignedIn } from './signed-in.ts';

/** The console as a client of the OpenID issuer: authorization code with PKCE (RFC 7636), refresh, sign-out. */
export class RelyingParty {
  readonly #config: ConsoleConfig;
  readonly #clock: Clock;
  #discovered: Promise<oidc.Configuration> | undefined;

  constructor(config: ConsoleConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Where to send the browser, and what must be remembered until it comes back. `dependency-unavailable` when the issuer is away. */
  async begin(returnTo: string): Promise<{ url: URL; pending: PendingSignIn }> {
    const issuer = await this.#issuer();
    const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier(), returnTo };
    const url = oidc.buildAuthorizationUrl(issuer, {
      redirect_uri: this.#redirectUri(),
      scope: this.#config.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url, pending };
  }

  /** Exchanges the code of a callback. `query` is the callback's query string. Throws when state, nonce or code do not hold. */
  async complete(query: string, pending: PendingSignIn): Promise<SignedIn> {
    const callback = new URL(`${this.#redirectUri()}${query}`);
    const checks = { expectedState: pending.state, expectedNonce: pending.nonce, pkceCodeVerifier: pending.verifier, idTokenExpected: true };
    return this.#signedIn(await oidc.authorizationCodeGrant(await this.#issuer(), callback, checks));
  }

  /** New tokens for a refresh token. A `forbidden` Failure: the issuer ended the session. Other errors: it could not be asked. */
  async refresh(refreshToken: string, before: SignedIn): Promise<SignedIn> {
    const issuer = await this.#issuer();
    try {
      return this.#signedIn(await oidc.refreshTokenGrant(issuer, refreshToken), before);
    } catch (error) {
      if (error instanceof oidc.ResponseBodyError) throw new Failure('forbidden', `the issuer refused to refresh: ${error.error}`, { cause: error });
      throw error;
    }
  }

  /** Where the browser ends the session at the issuer; the console itself when the issuer has no such page. */
  async endUrl(idToken: string | undefined): Promise<string> {
    const home = `${this.#config.publicUrl}/`;
    const issuer = await this.#issuer();
    if (issuer.serverMetadata().end_session_endpoint === undefined) return home;
    return oidc.buildEndSessionUrl(issuer, { post_logout_redirect_uri: home, ...(idToken === undefined ? {} : { id_token_hint: idToken }) }).href;
  }

  #redirectUri(): string {
    return `${this.#config.publicUrl}/auth/callback`;
  }

  /** Discovery, once; a failed one is tried again at the next request. */
  async #issuer(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#config;
    const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
    const url = new URL(issuer);
    this.#discovered ??= oidc.discovery(url, clientId, undefined, authentication, url.protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {});
    try {
      return await this.#discovered;
    } catch (cause) {
      this.#discovered = undefined;
      throw new Failure('dependency-unavailable', 'the OpenID issuer does not answer', { cause });
    }
  }

  #signedIn(tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers, before?: SignedIn): SignedIn {
    const idToken = tokens.id_token ?? before?.idToken;
    const refreshToken = tokens.refresh_token ?? before?.refreshToken;
    const lifetimeMs = (tokens.expiresIn() ?? 300) * 1000;
    return {
      accessToken: tokens.access_token,
      expiresAt: this.#clock.now() + lifetimeMs,
      lifetimeMs,
      user: this.#user(tokens) ?? before?.user ?? { subject: '', name: '', role: '' },
      ...(refreshToken === undefined ? {} : { refreshToken }),
      ...(idToken === undefined ? {} : { idToken }),
    };
  }

  /** The role from the access token where it is a JWT (that is what the services read), else from the id token. */
  #user(tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): SessionUser | undefined {
    const claims = tokens.claims();
    if (!claims) return undefined;
    const role = at(jwtClaims(tokens.access_token), this.#config.roleClaim) ?? at(claims, this.#config.roleClaim) ?? '';
    return { subject: claims.sub, name: text(claims.name) ?? text(claims.preferred_username) ?? claims.sub, role };
  }
}

function jwtClaims(token: string): Record<string, unknown> {
  try {
    return decodeJwt(token);
  } catch {
    return {};
  }
}

function at(claims: Record<string, unknown>, path: string): string | undefined {
  const value = path
    .split('.')
    .reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined), claims);
  return text(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
