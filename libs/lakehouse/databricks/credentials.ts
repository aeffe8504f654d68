import { Failure } from '#libs/failure/failure';
import type { Clock } from '#libs/runtime/clock';
import type { HttpClient } from './rest/http-client.ts';

/** Who we are to the workspace. `token` is called before each request and answers from memory while it can. */
export abstract class Credentials {
  abstract token(): Promise<string>;
}

/** A personal access token, or a user's own OAuth token passed through. */
export class StaticToken extends Credentials {
  readonly #token: string;

  constructor(token: string) {
    super();
    this.#token = token;
  }

  token(): Promise<string> {
    return Promise.resolve(this.#token);
  }
}

/** A token is renewed when this much of its life is left, ms. */
const MARGIN_MS = 60_000;

/**
 * A service principal's OAuth tokens: machine-to-machine, client credentials (Databricks, "Authorize service principal access with OAuth"; RFC 6749 §4.4). One token is shared by all
 * requests; one request at a time renews it. The driver's own flow is not used: it takes only some host names, does not retry, and would hold a token apart from the REST client's.
 */
export class ServicePrincipal extends Credentials {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #basic: string;
  #endpoint: string | undefined;
  #current: { token: string; expiresAtMs: number } | undefined;
  #renewing: Promise<string> | undefined;

  constructor(http: HttpClient, clock: Clock, { clientId, clientSecret }: { clientId: string; clientSecret: string }) {
    super();
    this.#http = http;
    this.#clock = clock;
    this.#basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  }

  async token(): Promise<string> {
    if (this.#current && this.#clock.now() < this.#current.expiresAtMs - MARGIN_MS) return this.#current.token;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renew(): Promise<string> {
    this.#endpoint ??= await this.#discover();
    const answer = await this.#http.request({
      method: 'POST',
      path: this.#endpoint,
      what: 'to the token endpoint',
      headers: { authorization: `Basic ${this.#basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&scope=all-apis',
      repeatable: true,
    });
    const { access_token: token, expires_in: seconds } = answer as { access_token?: unknown; expires_in?: unknown };
    if (typeof token !== 'string' || typeof seconds !== 'number') throw new Failure('protocol-violation', 'the Databricks token endpoint gave no token');
    this.#current = { token, expiresAtMs: this.#clock.now() + seconds * 1000 };
    return token;
  }

  /** The path of the token endpoint (RFC 8414); an endpoint on another host than the workspace is not followed, since the secret would go there. */
  async #discover(): Promise<string> {
    const path = '/oidc/.well-known/oauth-authorization-server';
    const metadata = (await this.#http.request({ method: 'GET', path, what: 'for the token endpoint', repeatable: true })) as { token_endpoint?: unknown };
    const endpoint = typeof metadata.token_endpoint === 'string' ? URL.parse(metadata.token_endpoint) : null;
    if (!endpoint || endpoint.origin !== this.#http.origin)
      throw new Failure('misconfigured', 'the workspace names a token endpoint that is not its own: check DATABRICKS_HOST');
    return endpoint.pathname;
  }
}
