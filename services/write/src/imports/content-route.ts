import type { FastifyInstance } from 'fastify';
import type { Readable } from 'node:stream';
import { ProblemException } from '#libs/runtime/http/problem';
import { answerWithProblems, askingOf, type PlainRouteOptions } from '../plain-route.ts';
import type { ImportRooms } from './import-rooms.ts';

export interface ContentRouteOptions extends PlainRouteOptions {
  imports: ImportRooms;
}

/** `PUT /v1/imports/:id/content`: the file as a stream, straight on Fastify, so that no parser collects it and no limit of a body's size applies. */
export async function contentRoute(fastify: FastifyInstance, { imports, identify, logger }: ContentRouteOptions): Promise<void> {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // What was not read of the file would be taken for the next request.
  answerWithProblems(fastify, logger, { connection: 'close' });
  fastify.put('/:id/content', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
    const asking = await askingOf(identify, request);
    const { id } = request.params as { id: string };
    return reply.send(await imports.feed(asking, id, offsetOf(request.headers['upload-offset']), (request.body ?? request.raw) as Readable));
  });
  await Promise.resolve();
}

function offsetOf(header: string | string[] | undefined): number {
  if (header === undefined) return 0;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new ProblemException(400, 'invalid-input', 'Upload-Offset must be a number of bytes');
}
