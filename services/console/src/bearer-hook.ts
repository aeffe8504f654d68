import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FreshTokens } from './fresh-tokens.ts';
import type { SessionCookie } from './session-cookie.ts';

const API = /^\/(?:rest\/v1|v1)(?:\/|\?|$)/;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Ahead of the token's end: longer than a slow request, shorter than any token's life. */
const MARGIN_MS = 60_000;

/**
 * Lends a request of the web app its person's token: where the API is called with the session cookie and without
 * `Authorization`, the header is added before the services look. Other sites must not write with somebody's cookie:
 * unsafe methods need this origin's `Origin`, or `Sec-Fetch-Site: same-origin`.
 */
export function bearerHook(parts: { cookie: SessionCookie; tokens: FreshTokens; publicUrl: string }) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.headers.authorization !== undefined || !API.test(request.url)) return;
    const signedIn = parts.cookie.signedIn(request);
    if (!signedIn) return;
    if (!SAFE.has(request.method) && !sameOrigin(request, parts.publicUrl)) {
      const problem = {
        type: 'urn:lakeloop:problem:cross-site',
        title: 'Cross site',
        status: 403,
        detail: 'A signed-in write must come from the console itself.',
      };
      await reply.status(403).type('application/problem+json').send(JSON.stringify(problem));
      return;
    }
    const fresh = await parts.tokens.of(signedIn, MARGIN_MS);
    if (!fresh) return parts.cookie.clear(request);
    if (fresh !== signedIn) parts.cookie.keep(request, fresh);
    request.headers.authorization = `Bearer ${fresh.accessToken}`;
  };
}

function sameOrigin(request: FastifyRequest, publicUrl: string): boolean {
  const { origin } = request.headers;
  return origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : origin === publicUrl;
}
