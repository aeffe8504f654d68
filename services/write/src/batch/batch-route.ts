import type { FastifyInstance } from 'fastify';
import type { Logger } from '#libs/runtime/logger';
import { ProblemException, problemOf } from '#libs/runtime/http/problem';
import type { Identify } from '../asking.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { ApiError } from '../rows/api-error.ts';
import { contextOf } from '../rows/write-context.ts';
import { withSqlProblems } from '../sql-problem.ts';
import { parseBatch } from './parse-batch.ts';
import { type BatchStand, runBatch } from './run-batch.ts';

export interface BatchRouteOptions {
  batch: BatchStand;
  catalogue: CatalogueCache;
  identify: Identify;
  logger: Logger;
  /** Largest body, bytes. */
  maxBodyBytes: number;
}

/** `POST /v1/batch`, straight on Fastify: the body is parsed by ./parse-batch.ts, which keeps the digits of numbers. */
export async function batchRoute(fastify: FastifyInstance, { batch, catalogue, identify, logger, maxBodyBytes }: BatchRouteOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: maxBodyBytes }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error instanceof ApiError ? new ProblemException(error.status, 'refused', error.message, { code: error.body.code }) : error);
    if (problem.status >= 500) logger.error({ err: error, requestId: reply.getHeader('x-request-id'), url: request.url }, 'a batch failed');
    void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  fastify.post('/', async (request, reply) => {
    const headers = request.headers as Record<string, string | undefined>;
    const { principal } = await identify(headers['authorization']);
    const context = contextOf(headers, principal);
    void reply.header('x-request-id', context.requestId).header('traceparent', context.traceparent);
    if (catalogue.current?.governed === false)
      throw new ProblemException(501, 'unsupported', 'batches need the lakeloop schema, which is not installed here', { hint: 'Run lakeloop init.' });
    const items = parseBatch(typeof request.body === 'string' ? request.body : '');
    return reply.type('application/json; charset=utf-8').send(await withSqlProblems(() => runBatch(batch, { principal, context }, items)));
  });
  await Promise.resolve();
}
