import type { FastifyInstance } from 'fastify';

/** Answers a path that exists for other methods alone with 405 and `Allow` (RFC 9110 §15.5.6) instead of 404. To be called before any route is added. */
export function answerOtherMethods(fastify: FastifyInstance): void {
  const routes: { path: RegExp; named: number; methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    // A route for everything says nothing of what is there.
    if (!url.endsWith('*')) routes.push({ path: patternOf(url), named: url.split(':').length, methods: [method].flat() });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0] ?? '';
    const matching = routes.filter((route) => route.path.test(path));
    // A path of its own is none of those that a parameter stands for.
    const named = Math.min(...matching.map((route) => route.named));
    const allowed = new Set(matching.flatMap((route) => (route.named === named ? route.methods : [])));
    if (allowed.size === 0) return done();
    const problem = { type: 'about:blank', title: 'Method not allowed', status: 405, detail: `${request.method} is no method of ${path}` };
    void reply
      .status(405)
      .headers({ allow: [...allowed].join(', '), 'content-type': 'application/problem+json' })
      .send(JSON.stringify(problem));
  });
}

function patternOf(url: string): RegExp {
  const parts = url.split(/(:\w+)/).map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)));
  return new RegExp(`^${parts.join('')}/?$`);
}
