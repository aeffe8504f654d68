import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Logger } from '#libs/runtime/logger';
import { ApiError } from '../api-error.ts';
import type { Connection, RowAnswer, RowRequest } from '../row-request.ts';
import type { RowService } from '../row-service.ts';
import { translateSqlError } from '../sql-error.ts';
import { contextOf, requestIdOf } from '../write-context.ts';
import type { Authenticator } from './authenticate.ts';
import type { RowMetrics } from './row-metrics.ts';

export interface RowRoutesOptions {
  rows: RowService;
  authenticator: Authenticator;
  metrics: RowMetrics;
  logger: Logger;
  /** Largest body, bytes. */
  maxBodyBytes: number;
}

const SERVED: readonly string[] = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];
const REFUSED: HTTPMethods[] = ['PUT', 'OPTIONS'];

/**
 * `/rest/v1/<table>` straight on Fastify: an encapsulated plugin, so that its body parser (raw bytes) and its errors (PostgREST's) are its own,
 * and the hot path does without Nest's per-request pipeline.
 */
export async function rowRoutes(fastify: FastifyInstance, options: RowRoutesOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: options.maxBodyBytes }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error, request, reply) => refuse(options, error, request, reply));
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => answer(options, request, reply);
  for (const method of [...(SERVED as HTTPMethods[]), ...REFUSED]) {
    if (method === 'HEAD') continue; // Fastify derives it from GET, and hands it to the same handler
    fastify.route({ method, url: '/:table', handler, bodyLimit: options.maxBodyBytes, exposeHeadRoute: method === 'GET' });
  }
  fastify.route({ method: ['GET', 'POST', 'PATCH', 'DELETE', 'PUT'], url: '/*', exposeHeadRoute: false, handler: unknownPath });
  await Promise.resolve();
}

async function answer(options: RowRoutesOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const started = performance.now();
  const { method } = request;
  if (!SERVED.includes(method)) throw new ApiError(405, 'PGRST117', `Unsupported HTTP method: ${method}`, { headers: { allow: SERVED.join(', ') } });
  const headers = request.headers as Record<string, string | undefined>;
  const identified = await options.authenticator.identify(headers['authorization']);
  const context = contextOf(headers, identified.principal);
  void reply.header('x-request-id', context.requestId).header('traceparent', context.traceparent);
  const outcome = await options.rows.answer(rowRequestOf(request, headers, reply.raw), { ...identified, context });
  options.metrics.observe(method, outcome.status, started);
  return send(reply, outcome);
}

function rowRequestOf(request: FastifyRequest, headers: RowRequest['headers'], connection: Connection): RowRequest {
  const { url } = request.raw;
  const mark = url?.indexOf('?') ?? -1;
  return {
    method: request.method,
    table: (request.params as { table: string }).table,
    queryString: mark === -1 ? '' : (url as string).slice(mark + 1),
    headers,
    body: Buffer.isBuffer(request.body) ? request.body : undefined,
    connection,
  };
}

function send(reply: FastifyReply, { status, headers, body }: RowAnswer): FastifyReply {
  void reply.status(status).headers(headers);
  return body === undefined ? reply.send() : reply.send(body);
}

function unknownPath(): never {
  throw new ApiError(404, 'PGRST125', 'Invalid path specified in request URL');
}

/** Every error of these routes, Fastify's own included, in PostgREST's shape. */
function refuse({ logger, metrics, maxBodyBytes }: RowRoutesOptions, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = fromFastify(error, maxBodyBytes) ?? translateSqlError(error, false);
  if (!reply.hasHeader('x-request-id')) void reply.header('x-request-id', requestIdOf(request.headers['x-request-id'] as string | undefined));
  metrics.observe(request.method, refusal.status, undefined);
  if (refusal.status >= 500)
    logger.error({ err: error, requestId: reply.getHeader('x-request-id'), table: (request.params as { table?: string }).table }, 'row request failed');
  void reply
    .status(refusal.status)
    .headers({ ...refusal.headers, 'content-type': 'application/json; charset=utf-8', 'proxy-status': `lakeloop; error=${refusal.body.code}` })
    .send(JSON.stringify(refusal.body));
}

function fromFastify(error: unknown, maxBodyBytes: number): ApiError | undefined {
  if (!(error instanceof Error) || error instanceof ApiError || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  if (error.statusCode === 413)
    return new ApiError(413, 'PGRST126', 'The body is too large', { details: `At most ${maxBodyBytes} bytes are taken.`, hint: 'Send it in parts.' });
  return error.statusCode >= 400 && error.statusCode < 500 ? new ApiError(error.statusCode, 'PGRST102', error.message) : undefined;
}
