import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy';
import type { FastifyInstance } from 'fastify';
import type { Upstreams } from './console-config.ts';

interface Route {
  prefix: string;
  service: keyof Upstreams;
  upstream: string;
}

/** Which service answers which path, longest prefix first. */
function routes(upstreams: Upstreams): Route[] {
  return [
    { prefix: '/rest/v1', service: 'write', upstream: upstreams.write },
    { prefix: '/v1/imports', service: 'write', upstream: upstreams.write },
    { prefix: '/v1/files', service: 'write', upstream: upstreams.write },
    { prefix: '/v1/changes', service: 'notification', upstream: upstreams.notification },
    { prefix: '/v1/flows', service: 'workflow', upstream: upstreams.workflow },
    { prefix: '/v1/trace', service: 'workflow', upstream: upstreams.workflow },
    ...(upstreams.lakehouse === undefined
      ? []
      : ['/v1/lakehouse', '/v1/mirrors'].map((prefix) => ({ prefix, service: 'lakehouse' as const, upstream: upstreams.lakehouse ?? '' }))),
    { prefix: '/v1', service: 'write', upstream: upstreams.write },
    ...(upstreams.identity === undefined ? [] : [{ prefix: '/oidc', service: 'identity' as const, upstream: upstreams.identity }]),
  ];
}

/** How long an answer may take to begin, where that is long: an import and an upload are answered when all of the file is there (0: no bound), a parquet file is made before it is sent. */
const ANSWERS_WITHIN_MS: Readonly<Record<string, number>> = { '/v1/imports': 0, '/v1/files': 0, '/rest/v1': 15 * 60_000 };

/** Hands the API on to the services, streams as they come. Runs after the hook that adds the token; the session cookie stays here. */
export async function proxyUpstreams(app: FastifyInstance, upstreams: Upstreams): Promise<void> {
  // In a scope without the app's own parsers: bodies pass through as they are.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    for (const route of routes(upstreams)) await scope.register(httpProxy, optionsFor(route));
  });
}

function optionsFor({ prefix, service, upstream }: Route): FastifyHttpProxyOptions {
  return {
    upstream,
    prefix,
    rewritePrefix: prefix,
    // A stream has no end: only a peer that is silent for longer than its heartbeats is gone.
    undici: { bodyTimeout: 120_000, headersTimeout: ANSWERS_WITHIN_MS[prefix] ?? 60_000, connections: 512 },
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => {
        if (service === 'identity') return { ...headers, host: request.headers.host };
        const { cookie: _cookie, ...rest } = headers;
        return rest;
      },
      onError: (reply) => {
        const problem = {
          type: 'urn:lakeloop:problem:dependency-unavailable',
          title: 'Dependency unavailable',
          status: 503,
          detail: `The ${service} service does not answer.`,
        };
        void reply.status(503).type('application/problem+json').send(JSON.stringify(problem));
      },
    },
  };
}
