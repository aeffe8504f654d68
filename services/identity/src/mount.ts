import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Access } from './access.ts';
import { ISSUER_PATH } from './identity-config.ts';
import type { Login } from './login.ts';

const FORM_LIMIT = 8 * 1024;

/** Puts the provider and its login page below `/oidc` of a Fastify app, in a scope of its own so that no parser or hook of the app touches it. */
export function mountProvider(app: FastifyInstance, provider: Provider, login: Login, access: Access, publicUrl: string): void {
  const handle = provider.callback();
  const { protocol, host } = new URL(publicUrl);

  const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const refusal = access.refusal(request.socket.remoteAddress, request.headers, request.method);
    if (refusal !== undefined) await reply.status(403).send({ error: 'access_denied', error_description: refusal });
  };

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: FORM_LIMIT }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', refuse);
    scope.get(`${ISSUER_PATH}/interaction/:uid`, (request, reply) => login.show(request, reply));
    scope.post(`${ISSUER_PATH}/interaction/:uid`, (request, reply) => login.submit(request, reply));
  });

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The provider reads the body itself.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.addHook('onRequest', refuse);
    scope.all(`${ISSUER_PATH}/*`, (request, reply) => {
      reply.hijack();
      const raw = request.raw as typeof request.raw & { originalUrl?: string };
      raw.originalUrl = raw.url ?? ISSUER_PATH;
      raw.url = raw.originalUrl.slice(ISSUER_PATH.length);
      Object.assign(raw.headers, { host, 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) });
      void handle(raw, reply.raw);
    });
  });
}
