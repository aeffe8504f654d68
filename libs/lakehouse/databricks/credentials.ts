import { Failure } from '#libs/failure/failure';
import type { Clock } from '#libs/runtime/clock';
import type { HttpClient } from './rest/http-client.ts';

/** Who we are to the workspace. `token` is called before each request and answers from memory while it can. */
export abstract class Credentials {
  abstract token(): Promise<string>;
}

/** A personal access token, or a user's own token of this workspace passed through. */
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

/** What is asked of the token endpoint. */
interface Grant {
  form: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
}

/** OAuth tokens of the workspace's own endpoint, by one grant. One token is shared by all requests; one request at a time renews it. */
abstract class OAuthToken extends Credentials {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #grant: Grant;
  #endpoint: string | undefined;
  #current: { token: string; expiresAtMs: number } | undefined;
  #renewing: Promise<string> | undefined;

  constructor(http: HttpClient, clock: Clock, grant: Grant) {
    super();
    this.#http = http;
    this.#clock = clock;
    this.#grant = grant;
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
      headers: { ...this.#grant.headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...this.#grant.form, scope: 'all-apis' }).toString(),
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

/**
 * A service principal's OAuth tokens: machine-to-machine, client credentials (Databricks, "Authorize service principal access with OAuth"; RFC 6749 §4.4). The driver's own flow is not used:
 * it takes only some host names, does not retry, and would hold a token apart from the REST client's.
 */
export class ServicePrincipal extends OAuthToken {
  constructor(http: HttpClient, clock: Clock, { clientId, clientSecret }: { clientId: string; clientSecret: string }) {
    const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
    super(http, clock, { form: { grant_type: 'client_credentials' }, headers: { authorization: `Basic ${basic}` } });
  }
}

/** A user's token of another issuer, exchanged for one of the workspace (Databricks, "Authenticate with an identity provider token"; RFC 8693): it needs a federation policy there. */
export class FederatedUser extends OAuthToken {
  constructor(http: HttpClient, clock: Clock, token: string) {
    super(http, clock, {
      form: {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      },
    });
  }

  override async token(): Promise<string> {
    try {
      return await super.token();
    } catch (error) {
      if (!(error instanceof Failure) || ![400, 401, 403].includes(error.detail['status'] as number)) throw error;
      throw new Failure('forbidden', `Databricks does not accept the user's token: expired, or of an issuer without a federation policy`, {
        cause: error,
        detail: { status: 401 },
      });
    }
  }
}

/** A user's token as the workspace takes it: one that is no JWT, or that it issued itself, as it is; any other by exchange. */
export function userCredentials(http: HttpClient, clock: Clock, token: string): Credentials {
  const issuer = issuerOf(token);
  return issuer === undefined || URL.parse(issuer)?.origin === http.origin ? new StaticToken(token) : new FederatedUser(http, clock, token);
}

/** `iss` of a JWT, unverified: it only tells where the token goes, and that is the workspace in either case. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown };
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}
