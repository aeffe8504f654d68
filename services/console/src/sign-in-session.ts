import type { FastifyRequest } from 'fastify';
import { Failure } from '#libs/failure/failure';
import type { FreshTokens } from './fresh-tokens.ts';
import type { RelyingParty } from './relying-party.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { SignedIn } from './signed-in.ts';

/** The web app asks every few minutes: refresh well before a stream or a write finds the token old. */
const MARGIN_MS = 5 * 60_000;

/** The steps of signing in and out over one browser's cookie. */
export class SignInSession {
  readonly #issuer: RelyingParty;
  readonly #cookie: SessionCookie;
  readonly #tokens: FreshTokens;
  readonly #publicUrl: URL;

  constructor(parts: { issuer: RelyingParty; cookie: SessionCookie; tokens: FreshTokens; publicUrl: string }) {
    this.#issuer = parts.issuer;
    this.#cookie = parts.cookie;
    this.#tokens = parts.tokens;
    this.#publicUrl = new URL(parts.publicUrl);
  }

  /** The public URL of `path` when the browser came by another name of this machine: its cookie would not come along. */
  canonical(request: FastifyRequest, path: string): string | undefined {
    return request.headers.host === this.#publicUrl.host ? undefined : this.#publicUrl.origin + path;
  }

  /** Remembers the request and tells where to send the browser. */
  async begin(request: FastifyRequest, returnTo: string): Promise<string> {
    const { url, pending } = await this.#issuer.begin(returnTo);
    this.#cookie.begin(request, pending);
    return url.href;
  }

  /** Signs in from the issuer's callback; tells where to go on to. */
  async complete(request: FastifyRequest): Promise<string> {
    const pending = this.#cookie.pending(request);
    if (!pending) throw new Failure('invalid-input', 'no sign-in is under way in this browser');
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    this.#cookie.keep(request, await this.#issuer.complete(query, pending));
    return pending.returnTo;
  }

  async current(request: FastifyRequest): Promise<SignedIn | undefined> {
    const signedIn = this.#cookie.signedIn(request);
    if (!signedIn) return undefined;
    const fresh = await this.#tokens.of(signedIn, MARGIN_MS);
    if (!fresh) this.#cookie.clear(request);
    else if (fresh !== signedIn) this.#cookie.keep(request, fresh);
    return fresh;
  }

  /** Forgets the session here; tells where to end it at the issuer. */
  async end(request: FastifyRequest): Promise<string> {
    const idToken = this.#cookie.signedIn(request)?.idToken;
    this.#cookie.clear(request);
    return this.#issuer.endUrl(idToken).catch(() => '/');
  }
}
