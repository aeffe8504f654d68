import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Paths that belong to services: what is unknown there is a 404 of theirs, never the web app's page. */
const SERVED_ELSEWHERE = /^\/(?:rest|v1|oidc|auth|health|metrics|assets)(?:\/|\?|$)/;

/** Component styles are set at run time, hence inline styles; scripts come from this origin alone. */
const POLICY = [
  `default-src 'self'`,
  `script-src 'self'`,
  `style-src 'self' 'unsafe-inline'`,
  `img-src 'self' data:`,
  `font-src 'self' data:`,
  `connect-src 'self'`,
  `object-src 'none'`,
  `base-uri 'none'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

/** Serves the built web app from `root`; any other GET for a page is its index, so that its own paths can be opened and reloaded. */
export async function serveWebApp(app: FastifyInstance, root: string): Promise<void> {
  const directory = resolve(root);
  await app.register(fastifyStatic, { root: directory, serve: false, cacheControl: false });
  app.get('/*', async (request, reply) => serve(request, reply, directory));
}

/** Whether the web app has been built. */
export async function isBuilt(root: string): Promise<boolean> {
  return access(join(root, 'index.html')).then(
    () => true,
    () => false,
  );
}

async function serve(request: FastifyRequest, reply: FastifyReply, directory: string): Promise<FastifyReply | undefined> {
  const path = decodeURIComponent(request.url.split('?')[0] ?? '/');
  void reply.headers({ 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin' });
  const isFile = /^\/(?:assets\/[\w.-]+|[\w-]+\.(?:js|svg|ico|png|webmanifest|txt))$/.test(path) && (await exists(join(directory, path)));
  if (isFile) {
    void reply.header('cache-control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    return reply.sendFile(path.slice(1));
  }
  if (SERVED_ELSEWHERE.test(path) || !(await isBuilt(directory))) {
    reply.callNotFound();
    return undefined;
  }
  return reply.header('cache-control', 'no-store').sendFile('index.html');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
