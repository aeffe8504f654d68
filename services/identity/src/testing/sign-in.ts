import { createHash, randomBytes } from 'node:crypto';

export interface SignedIn {
  accessToken: string;
  idToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
}

/**
 * Signs in at the built-in OpenID provider as a browser would, without one: authorization code with PKCE as `lakeloop-cli`,
 * the login form posted, the code exchanged. Throws with the provider's answer when a step is refused.
 */
export async function signIn(options: { issuer: string; username: string; password: string }): Promise<SignedIn> {
  const { issuer, username, password } = options;
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'http://127.0.0.1/callback';
  const query = new URLSearchParams({
    client_id: 'lakeloop-cli',
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new CookieJar();
  const form = await browser.request(`${issuer}/auth?${query}`);
  const answer = await browser.request(await expectRedirect(form), { method: 'POST', body: new URLSearchParams({ login: username, password }) });
  const callback = new URL(await expectRedirect(await browser.request(await expectRedirect(answer))));
  const code = callback.searchParams.get('code');
  if (code === null) throw new Error(`sign-in was refused: ${callback.search}`);
  return token(issuer, { grant_type: 'authorization_code', client_id: 'lakeloop-cli', code, redirect_uri: redirectUri, code_verifier: verifier });
}

/** Trades a refresh token for new tokens. */
export function refresh(options: { issuer: string; refreshToken: string }): Promise<SignedIn> {
  return token(options.issuer, { grant_type: 'refresh_token', client_id: 'lakeloop-cli', refresh_token: options.refreshToken });
}

async function token(issuer: string, parameters: Record<string, string>): Promise<SignedIn> {
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(parameters) });
  const body = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`token request: ${response.status} ${JSON.stringify(body)}`);
  return {
    accessToken: String(body.access_token),
    idToken: String(body.id_token),
    refreshToken: String(body.refresh_token),
    expiresIn: Number(body.expires_in),
  };
}

async function expectRedirect(response: Response): Promise<string> {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`expected a redirect from ${response.url}, got ${response.status}: ${(await response.text()).slice(0, 300)}`);
  await response.body?.cancel();
  return new URL(location, response.url).href;
}

/** One origin's cookies; the paths are the provider's business. */
class CookieJar {
  readonly #cookies = new Map<string, string>();

  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }
}
