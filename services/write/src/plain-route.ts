import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '#libs/runtime/logger';
import { problemOf } from '#libs/runtime/http/problem';
import type { Asking, Identify } from './asking.ts';
import { ApiError } from './rows/api-error.ts';
import { contextOf } from './rows/write-context.ts';
import { problemFrom } from './sql-problem.ts';

/** What a route below `/v1` needs that is served straight on Fastify, because Nest's body parser would stand in its way. */
export interface PlainRouteOptions {
  identify: Identify;
  logger: Logger;
}

/** Answers whatever the routes of an encapsulated plugin throw as a problem (RFC 9457), with `headers` beside it. */
export function answerWithProblems(fastify: FastifyInstance, logger: Logger, headers: Readonly<Record<string, string>> = {}): void {
  fastify.setErrorHandler((error, request, reply) => {
    const refusal = error instanceof ApiError ? error : undefined;
    const problem = problemOf(refusal ? problemFrom(refusal) : error);
    if (problem.status >= 500) logger.error({ err: error, requestId: reply.getHeader('x-request-id'), url: request.url }, 'request failed');
    void reply
      .status(problem.status)
      .headers({ ...refusal?.headers, ...headers })
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  });
}

/** Who asks, and why. Throws what the row API answers a bad token with. */
export async function askingOf(identify: Identify, request: FastifyRequest): Promise<Asking> {
  const headers = request.headers as Record<string, string | undefined>;
  const { principal } = await identify(headers['authorization']);
  return { principal, context: contextOf(headers, principal) };
}
