import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Provider } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { loginPage, messagePage } from './pages.ts';
import { setPageHeaders } from './page-headers.ts';

const EXPIRED = 'This sign-in page has expired. Go back to the application and sign in again.';

/** The login page of an authorization request in progress (`/oidc/interaction/:uid`). */
export class Login {
  readonly #provider: Provider;
  readonly #accounts: Accounts;
  readonly #attempts: LoginAttempts;

  constructor(provider: Provider, accounts: Accounts, attempts: LoginAttempts) {
    this.#provider = provider;
    this.#accounts = accounts;
    this.#attempts = attempts;
  }

  async show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const params = await this.#pending(request, reply);
    if (!params) return this.#expired(reply);
    return this.#page(request, reply.status(200), params, { username: text(params.login_hint) });
  }

  /** Right: on with the authorization. Wrong: the page again with 401; too often: 429. */
  async submit(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const params = await this.#pending(request, reply);
    if (!params) return this.#expired(reply);
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    const username = (form.get('login') ?? '').trim();
    const wait = this.#attempts.waitSeconds(username);
    if (wait > 0)
      return this.#page(request, reply.status(429).header('retry-after', wait), params, {
        username,
        error: `Too many attempts. Try again in ${wait} seconds.`,
      });
    const account = this.#accounts.authenticate(username, form.get('password') ?? '');
    if (!account) {
      this.#attempts.failed(username);
      return this.#page(request, reply.status(401), params, { username, error: 'User name or password is wrong.' });
    }
    this.#attempts.succeeded(username);
    const result = { login: { accountId: account.username, amr: ['pwd'], remember: true } };
    return reply.redirect(await this.#provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false }), 303);
  }

  async #pending(request: FastifyRequest, reply: FastifyReply): Promise<Record<string, unknown> | undefined> {
    try {
      return (await this.#provider.interactionDetails(request.raw, reply.raw)).params;
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  }

  async #page(
    request: FastifyRequest,
    reply: FastifyReply,
    params: Record<string, unknown>,
    input: { username: string; error?: string },
  ): Promise<FastifyReply> {
    const nonce = randomBytes(16).toString('base64');
    // Browsers hold the redirects after a form's post to form-action as well.
    setPageHeaders(reply.raw, nonce, ["'self'", new URL(text(params.redirect_uri)).origin]);
    const action = request.url.split('?')[0] ?? request.url;
    return reply.type('text/html; charset=utf-8').send(loginPage({ action, accounts: this.#accounts.list, nonce, ...input }));
  }

  #expired(reply: FastifyReply): FastifyReply {
    const nonce = randomBytes(16).toString('base64');
    setPageHeaders(reply.raw, nonce, ["'none'"]);
    return reply
      .status(400)
      .type('text/html; charset=utf-8')
      .send(messagePage('Sign in again', EXPIRED, nonce, '<p><a href="/">To the start page</a></p>'));
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
