import { randomBytes } from 'node:crypto';
import { type Configuration, interactionPolicy, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Account, Accounts } from './accounts.ts';
import { clientsOf } from './clients.ts';
import { AUDIENCE, type IdentityConfig, ISSUER_PATH, issuerOf } from './identity-config.ts';
import type { IdentityKeys } from './keys.ts';
import { messagePage } from './pages.ts';
import { setPageHeaders } from './page-headers.ts';
import type { EntityStore } from './sqlite-adapter.ts';

/** The one API that tokens are for; a resource indicator (RFC 8707) must be a URI, the audience is our own. */
const RESOURCE = 'urn:lakeloop:api';
const RESOURCE_SCOPE = 'rows';
const DAY = 86_400;
const ACCESS_TOKEN_SECONDS = 15 * 60;

export interface ProviderParts {
  config: IdentityConfig;
  accounts: Accounts;
  keys: IdentityKeys;
  store: EntityStore;
}

/** The OpenID provider: authorization code with PKCE, JWT access tokens for `lakeloop`, rotating refresh tokens, no consent page. */
export function createProvider({ config, accounts, keys, store }: ProviderParts): Provider {
  const provider = new Provider(issuerOf(config), {
    adapter: (model: string) => store.adapter(model),
    clients: clientsOf(config.publicUrl),
    jwks: keys.jwks,
    cookies: cookies(config, keys),
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'role'] },
    conformIdTokenClaims: false,
    features: features(),
    findAccount: (_context, subject) => found(accounts.find(subject)),
    extraTokenClaims: (_context, token) => (token.kind === 'AccessToken' ? tokenClaims(accounts.find(token.accountId)) : undefined),
    interactions: { policy: promptPolicy(), url: (_context, interaction) => `${ISSUER_PATH}/interaction/${interaction.uid}` },
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant: grantEverything,
    pkce: { required: () => true },
    renderError: (context, out) => renderError(context, out.error_description ?? out.error),
    rotateRefreshToken: true,
    scopes: ['openid', 'profile', 'offline_access', RESOURCE_SCOPE],
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 3600,
      Grant: 14 * DAY,
      Session: 14 * DAY,
      RefreshToken: 14 * DAY,
    },
  } satisfies Configuration);
  // The mount (mount.ts) has checked Host and says what the public origin is.
  provider.proxy = true;
  return provider;
}

function cookies(config: IdentityConfig, keys: IdentityKeys): Configuration['cookies'] {
  const common = { httpOnly: true, sameSite: 'lax' as const, signed: true, path: ISSUER_PATH, secure: config.publicUrl.startsWith('https:') };
  // Cookies do not tell ports apart; two installations on one machine must.
  const prefix = `lakeloop_oidc_${new URL(config.publicUrl).port}`;
  const names = { session: prefix, interaction: `${prefix}_interaction`, resume: `${prefix}_resume` };
  const { path: _path, ...short } = common;
  return { keys: keys.cookieKeys, long: common, short, names };
}

function features(): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource: (context) => renderMessage(context, 'Signed out', 'You can close this page.') },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: RESOURCE_SCOPE,
        audience: AUDIENCE,
        accessTokenFormat: 'jwt' as const,
        accessTokenTTL: ACCESS_TOKEN_SECONDS,
        jwt: { sign: { alg: 'ES256' as const } },
      }),
    },
  };
}

/** Login only: our own native client needs no consent page either, its loopback redirect and PKCE keep the code on this machine. */
function promptPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}

/** Our own clients alone are registered, so there is nothing to ask consent for. */
async function grantEverything(context: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { oidc } = context;
  const { client, session, provider } = oidc;
  if (!client || !session?.accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const existing = known ? await provider.Grant.find(known) : undefined;
  if (existing) return existing;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile offline_access');
  grant.addResourceScope(RESOURCE, RESOURCE_SCOPE);
  await grant.save();
  return grant;
}

function found(account: Account | undefined): { accountId: string; claims(): { sub: string; [claim: string]: unknown } } | undefined {
  if (!account) return undefined;
  const { username, name, role } = account;
  return { accountId: username, claims: () => ({ sub: username, name, preferred_username: username, role }) };
}

/** What libs/governance reads: who, as which role, signed in how, and the claims of row filters. */
function tokenClaims(account: Account | undefined): Record<string, unknown> | undefined {
  if (!account) return undefined;
  const { username, name, role, claims } = account;
  return { name, preferred_username: username, role, amr: ['pwd'], ...claims };
}

/** An application that shows whom it signs out (`id_token_hint`) has asked already; anyone else's link gets a button. */
function logoutSource(context: KoaContextWithOIDC, form: string): void {
  const nonce = randomBytes(16).toString('base64');
  const asked = context.oidc.entities.IdTokenHint !== undefined;
  const button = '<button class="primary" autofocus type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>';
  const submit = asked ? `<script nonce="${nonce}">document.querySelector('button[name=logout]').click()</script>` : '';
  setPageHeaders(context.res, nonce, ["'self'", context.origin]);
  context.type = 'html';
  context.body = messagePage(asked ? 'Signing out …' : 'Sign out?', 'This ends your session at Lakeloop.', nonce, form + button + submit);
}

function renderError(context: KoaContextWithOIDC, detail: string): void {
  renderMessage(context, 'That did not work', detail);
}

function renderMessage(context: KoaContextWithOIDC, title: string, message: string): void {
  const nonce = randomBytes(16).toString('base64');
  setPageHeaders(context.res, nonce, ["'none'"]);
  context.type = 'html';
  context.body = messagePage(title, message, nonce, '<p><a href="/">To the start page</a></p>');
}
