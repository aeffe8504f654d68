import { CookieJar } from './cookie-jar.ts';

export interface SignInOptions {
  /** OpenID Connect issuer, for example `http://localhost:8080/oidc`. */
  issuer: string;
  /** Public client with PKCE. Default `lakeloop-cli`. */
  clientId?: string;
  username: string;
  password: string;
  /** Registered redirect of the client; it is never opened. Default `http://127.0.0.1/callback`. */
  redirectUri?: string;
}

export interface SignedIn {
  accessToken: string;
  /** Ms since the epoch. */
  expiresAt: number;
}

/** More redirects than any sign-in takes. */
const MAX_STEPS = 12;

/**
 * Signs in at Lakeloop's built-in provider without a browser, for scripts and tests: authorization code with PKCE (RFC 7636), its login form
 * posted. Node only. Throws an `Error` that says at which step it ended; never with the password in it.
 */
export async function signIn({
  issuer,
  clientId = 'lakeloop-cli',
  username,
  password,
  redirectUri = 'http://127.0.0.1/callback',
}: SignInOptions): Promise<SignedIn> {
  const provider = await discover(issuer);
  const verifier = random(32);
  const authorize = new URL(provider.authorization_endpoint);
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    scope: 'openid profile',
    redirect_uri: redirectUri,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
    state: random(16),
  };
  for (const [name, value] of Object.entries(parameters)) authorize.searchParams.set(name, value);
  const callback = await follow(authorize, { redirectUri, form: new URLSearchParams({ login: username, password }) });
  const code = callback.searchParams.get('code');
  if (callback.searchParams.get('state') !== parameters.state || code === null)
    throw new Error(`sign-in refused: ${callback.searchParams.get('error_description') ?? callback.searchParams.get('error') ?? 'no code'}`);
  return exchange(provider.token_endpoint, { grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier });
}

interface Provider {
  authorization_endpoint: string;
  token_endpoint: string;
}

async function discover(issuer: string): Promise<Provider> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!response.ok) throw new Error(`no OpenID provider at ${issuer}: HTTP ${response.status}`);
  return (await response.json()) as Provider;
}

/** Goes from redirect to redirect, posts the form at the page that shows it, and ends where the client would be called back. */
async function follow(start: URL, { redirectUri, form }: { redirectUri: string; form: URLSearchParams }): Promise<URL> {
  const jar = new CookieJar();
  let url = start;
  let posted = false;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    let response = await fetch(url, { redirect: 'manual', headers: jar.header() });
    jar.take(response);
    if (response.status === 200 && !posted) {
      await response.body?.cancel();
      posted = true;
      response = await fetch(url, { method: 'POST', redirect: 'manual', headers: jar.header(), body: form });
      jar.take(response);
    }
    const location = response.headers.get('location');
    await response.body?.cancel();
    if (location === null)
      throw new Error(posted ? `the sign-in was refused: HTTP ${response.status}` : `no sign-in page at ${url.origin}${url.pathname}: HTTP ${response.status}`);
    url = new URL(location, url);
    if (url.href.startsWith(`${redirectUri}?`)) return url;
  }
  throw new Error(`the sign-in took more than ${MAX_STEPS} steps`);
}

async function exchange(endpoint: string, parameters: Record<string, string>): Promise<SignedIn> {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(parameters) });
  const body = (await response.json()) as { access_token?: string; expires_in?: number; error?: string };
  if (!response.ok || !body.access_token) throw new Error(`the code was not exchanged: ${body.error ?? `HTTP ${response.status}`}`);
  return { accessToken: body.access_token, expiresAt: Date.now() + (body.expires_in ?? 0) * 1000 };
}

function random(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
