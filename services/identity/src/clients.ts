import type { ClientMetadata } from 'oidc-provider';

/** The applications that may ask for tokens, all public with PKCE; redirect URIs match exactly. */
export function clientsOf(publicUrl: string): ClientMetadata[] {
  const common = {
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  } satisfies Partial<ClientMetadata>;
  return [
    {
      ...common,
      client_id: 'lakeloop-console',
      client_name: 'Lakeloop',
      redirect_uris: [`${publicUrl}/auth/callback`],
      post_logout_redirect_uris: [`${publicUrl}/`],
    },
    // RFC 8252 §7.3: a native client's loopback redirect may have any port.
    { ...common, client_id: 'lakeloop-cli', client_name: 'Lakeloop CLI', application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'] },
  ];
}
