import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { governedCatalogue } from '../governed-catalogue.ts';
import { answerWithProblems, askingOf, type PlainRouteOptions } from '../plain-route.ts';
import { withSqlProblems } from '../sql-problem.ts';
import { idempotencyKeyOf } from '../rows/compile-request.ts';
import { parseBatch } from './parse-batch.ts';
import { type BatchStand, runBatch } from './run-batch.ts';

export interface BatchRouteOptions extends PlainRouteOptions {
  batch: BatchStand;
  catalogue: CatalogueCache;
  /** Largest body, bytes. */
  maxBodyBytes: number;
}

/** `POST /v1/batch`, straight on Fastify: the body is parsed by ./parse-batch.ts, which keeps the digits of numbers. */
export async function batchRoute(fastify: FastifyInstance, { batch, catalogue, identify, logger, maxBodyBytes }: BatchRouteOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string', bodyLimit: maxBodyBytes }, (_request, body, done) => done(null, body));
  answerWithProblems(fastify, logger);
  fastify.post('/', async (request, reply) => {
    const asking = await askingOf(identify, request);
    void reply.header('x-request-id', asking.context.requestId).header('traceparent', asking.context.traceparent);
    governedCatalogue(catalogue);
    const text = typeof request.body === 'string' ? request.body : '';
    const key = idempotencyKeyOf((request.headers as Record<string, string | undefined>)['idempotency-key']);
    const once = key === undefined ? undefined : { key, requestHash: hash('sha256', text, 'buffer') };
    const { json, replayed } = await withSqlProblems(() => runBatch(batch, asking, { items: parseBatch(text), once }));
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return reply.type('application/json; charset=utf-8').send(json);
  });
  await Promise.resolve();
}
