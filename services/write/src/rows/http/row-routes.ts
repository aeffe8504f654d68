import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, onRequestHookHandler, RouteOptions } from 'fastify';
import type { Logger } from '#libs/runtime/logger';
import { ApiError } from '../api-error.ts';
import type { Connection, RowAnswer, RowRequest } from '../row-request.ts';
import type { CallService } from '../call/call-service.ts';
import type { Caller } from '../caller.ts';
import type { DescriptionService } from '../description/description-service.ts';
import type { RowService } from '../row-service.ts';
import { translateSqlError } from '../sql-error.ts';
import { contextOf, requestIdOf } from '../write-context.ts';
import type { Authenticator } from './authenticate.ts';
import { CROSS_ORIGIN, preflight } from './cross-origin.ts';
import type { RowMetrics } from './row-metrics.ts';

export interface RowRoutesOptions {
  rows: RowService;
  calls: CallService;
  descriptions: DescriptionService;
  authenticator: Authenticator;
  metrics: RowMetrics;
  logger: Logger;
  /** Largest body, bytes. */
  maxBodyBytes: number;
}

const TABLE_METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT'];
const CALL_METHODS: readonly string[] = ['GET', 'HEAD', 'POST'];
const ROOT_METHODS: readonly string[] = ['GET', 'HEAD'];

type Answering = (options: RowRoutesOptions, request: RowRequest, caller: Caller) => Promise<RowAnswer>;
type Kind = 'table' | 'rpc' | 'root';

/**
 * `/rest/v1/<table>`, `/rest/v1/rpc/<function>` and the root straight on Fastify: an encapsulated plugin, so that its body parser (raw bytes) and its errors
 * (PostgREST's) are its own, and the hot path does without Nest's per-request pipeline.
 */
export async function rowRoutes(fastify: FastifyInstance, options: RowRoutesOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: options.maxBodyBytes }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error, request, reply) => refuse(options, error, request, reply));
  serve(fastify, options, '/:table', { kind: 'table', methods: TABLE_METHODS, answering: ({ rows }, request, caller) => rows.answer(request, caller) });
  serve(fastify, options, '/rpc/:table', { kind: 'rpc', methods: CALL_METHODS, answering: ({ calls }, request, caller) => calls.answer(request, caller) });
  serve(fastify, options, '/', {
    kind: 'root',
    methods: ROOT_METHODS,
    answering: ({ descriptions }, request, caller) => descriptions.describe(request, caller),
  });
  route(fastify, { url: '/*', handler: unknownPath }, { kind: 'table', methods: TABLE_METHODS });
  await Promise.resolve();
}

/** What a path is for. */
interface Purpose {
  kind: Kind;
  methods: readonly string[];
}

interface Path extends Purpose {
  answering: Answering;
}

function serve(fastify: FastifyInstance, options: RowRoutesOptions, url: string, path: Path): void {
  route(fastify, { url, handler: handlerFor(options, path), bodyLimit: options.maxBodyBytes }, path);
}

/** HEAD has a route of its own: one that Fastify derives from GET says that its body is empty. */
function route(fastify: FastifyInstance, options: Pick<RouteOptions, 'url' | 'handler' | 'bodyLimit'>, purpose: Purpose): void {
  for (const method of fastify.supportedMethods as HTTPMethods[]) {
    const known = method === 'OPTIONS' || purpose.methods.includes(method);
    fastify.route({ ...options, method, exposeHeadRoute: false, ...(known ? {} : { onRequest: refusing(purpose) }) });
  }
}

/** Before its body is looked at: whatever else is wrong with it, its method has no meaning. */
function refusing({ kind, methods }: Purpose): onRequestHookHandler {
  return ({ method }, _reply, done) => done(refusedMethod(kind, method, methods));
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

function handlerFor(options: RowRoutesOptions, { kind, answering }: Path): Handler {
  return async (request, reply) => {
    const started = performance.now();
    const { method } = request;
    const headers = request.headers as Record<string, string | undefined>;
    const asked = rowRequestOf(request, headers, reply.raw);
    if (headers['origin'] !== undefined) void reply.headers(CROSS_ORIGIN);
    if (method === 'OPTIONS') return send(reply, preflight(headers) ?? options.descriptions.options(asked, kind));
    const identified = await options.authenticator.identify(headers['authorization']);
    const context = contextOf(headers, identified.principal);
    void reply.header('x-request-id', context.requestId).header('traceparent', context.traceparent);
    const outcome = await answering(options, asked, { ...identified, context });
    options.metrics.observe(method, outcome.status, started);
    return send(reply, outcome);
  };
}

/** 405 PGRST101 for a function, PGRST117 else. */
function refusedMethod(kind: Kind, method: string, methods: readonly string[]): ApiError {
  const headers = { allow: methods.join(', ') };
  if (kind === 'rpc') return new ApiError(405, 'PGRST101', `Cannot use the ${method} method on RPC`, { headers });
  return new ApiError(405, 'PGRST117', `Unsupported HTTP method: ${method}`, { headers });
}

function rowRequestOf(request: FastifyRequest, headers: RowRequest['headers'], connection: Connection): RowRequest {
  const { url } = request.raw;
  const mark = url?.indexOf('?') ?? -1;
  return {
    method: request.method,
    table: (request.params as { table?: string }).table ?? '',
    queryString: mark === -1 ? '' : (url as string).slice(mark + 1),
    headers,
    body: Buffer.isBuffer(request.body) ? request.body : undefined,
    connection,
  };
}

function send(reply: FastifyReply, { status, headers, repeated, body }: RowAnswer): FastifyReply {
  void reply
    .status(status)
    .header('vary', headers['content-profile'] === undefined ? VARY : `${VARY}, Accept-Profile`)
    .headers(headers);
  for (const [name, values] of Object.entries(repeated ?? {})) void reply.header(name, values.length === 1 ? values[0] : [...values]);
  return body === undefined ? reply.send() : reply.send(body);
}

/** What else an answer depends on. Those to a token are no shared cache's to keep anyway (RFC 9111 §3.5). */
const VARY = 'Accept, Prefer, Range';

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
