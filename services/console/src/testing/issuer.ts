import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';

/** A small OpenID issuer for this package's specs: signs in whoever asks, at once; access tokens live for 15 minutes. */
export async function startIssuer(redirectUri: string): Promise<{ issuer: string; refreshes: () => number; close(): Promise<void> }> {
  let handler: (request: never, response: never) => unknown = () => undefined;
  const server: Server = createServer((request, response) => void handler(request as never, response as never));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    adapter: memoryAdapter(),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'fixture', use: 'sig' }] },
    clients: [
      {
        client_id: 'lakeloop-console',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [redirectUri.replace('/auth/callback', '/')],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    cookies: { keys: ['a key of the fixture alone'] },
    claims: { openid: ['sub'], profile: ['name', 'role'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    findAccount: (_context, subject) => ({ accountId: subject, claims: () => ({ sub: subject, name: 'Ana Lindqvist', role: 'analyst' }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: 900, Session: 3600, Grant: 3600, Interaction: 600, IdToken: 600, RefreshToken: 3600 },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({ clientId: oidc.client?.clientId ?? '', accountId: oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid profile offline_access');
      await grant.save();
      return grant;
    },
  });
  let refreshes = 0;
  provider.on('grant.success', (context) => {
    if (context.oidc.params?.grant_type === 'refresh_token') refreshes += 1;
  });
  const callback = provider.callback();
  handler = async (request: { url?: string }, response: never) => {
    if (!request.url?.startsWith('/interaction/')) return callback(request as never, response);
    return provider.interactionFinished(request as never, response, { login: { accountId: 'analyst' } });
  };
  return { issuer, refreshes: () => refreshes, close: () => new Promise((resolve) => void (server.closeAllConnections(), server.close(() => resolve()))) };
}

/** Remembers until the process ends; enough for one sign-in after another. */
function memoryAdapter(): (model: string) => Adapter {
  const entities = new Map<string, AdapterPayload>();
  return (model) => ({
    upsert: async (id, payload) => void entities.set(`${model}:${id}`, payload),
    find: async (id) => entities.get(`${model}:${id}`),
    findByUid: async (uid) => [...entities].find(([key, payload]) => key.startsWith(`${model}:`) && payload.uid === uid)?.[1],
    findByUserCode: async () => undefined,
    consume: async (id) => void Object.assign(entities.get(`${model}:${id}`) ?? {}, { consumed: 1 }),
    destroy: async (id) => void entities.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId) => [...entities].filter(([, payload]) => payload.grantId === grantId).forEach(([key]) => entities.delete(key)),
  });
}
