import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { Logger } from '#libs/runtime/logger';
import { ProblemException, problemOf } from '#libs/runtime/http/problem';
import type { Identify } from '../asking.ts';
import { ApiError } from '../rows/api-error.ts';
import { contextOf } from '../rows/write-context.ts';
import type { ImportRooms } from './import-rooms.ts';

export interface ContentRouteOptions {
  imports: ImportRooms;
  identify: Identify;
  logger: Logger;
}

/** `PUT /v1/imports/:id/content`: the file as a stream, straight on Fastify, so that no parser collects it and no limit of a body's size applies. */
export async function contentRoute(fastify: FastifyInstance, { imports, identify, logger }: ContentRouteOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  fastify.setErrorHandler((error, request, reply) => refuse(logger, error, request, reply));
  fastify.put('/:id/content', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
    const headers = request.headers as Record<string, string | undefined>;
    const { principal } = await identify(headers['authorization']);
    const asking = { principal, context: contextOf(headers, principal) };
    const { id } = request.params as { id: string };
    return reply.send(await imports.feed(asking, id, offsetOf(headers['upload-offset']), (request.body ?? request.raw) as Readable));
  });
  await Promise.resolve();
}

function offsetOf(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new ProblemException(400, 'invalid-input', 'Upload-Offset must be a number of bytes');
}

function refuse(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error instanceof ApiError ? new ProblemException(error.status, 'refused', error.message, { code: error.body.code }) : error);
  if (problem.status >= 500) logger.error({ err: error, import: (request.params as { id?: string }).id }, 'an import failed');
  // What was not read of the file would be taken for the next request.
  void reply.status(problem.status).header('connection', 'close').type('application/problem+json').send(JSON.stringify(problem));
}
