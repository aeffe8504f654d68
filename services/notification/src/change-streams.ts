import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#libs/governance/principal';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { PushMetrics } from './delivery/push-metrics.ts';
import { SseStream } from './delivery/sse-stream.ts';
import type { StreamOpener } from './delivery/stream-opener.ts';
import type { NotificationConfig } from './notification-config.ts';
import { problemFor } from './problem-for.ts';
import { parseSubscription } from './subscriptions/subscription-request.ts';

export interface ChangeStreamsParts {
  config: NotificationConfig;
  opener: StreamOpener;
  metrics: PushMetrics;
  runtime: ServiceRuntime;
}

/** From an HTTP request to an open stream, or to the problem that says why not. */
export class ChangeStreams {
  readonly #parts: ChangeStreamsParts;

  constructor(parts: ChangeStreamsParts) {
    this.#parts = parts;
  }

  async open(table: string, principal: Principal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const lastEventId = request.headers['last-event-id'];
    const snapshot = !prefersNoSnapshot(request.headers['prefer']);
    if (!snapshot) void reply.header('preference-applied', 'snapshot=none');
    try {
      await this.#parts.opener.open({
        principal,
        request: parseSubscription(table, queryOf(request)),
        lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
        snapshot,
        start: () => this.#start(reply, table, principal),
      });
    } catch (error) {
      throw problemFor(error);
    }
  }

  /** Takes the socket from Fastify: what follows is written as it comes. */
  #start(reply: FastifyReply, table: string, principal: Principal): SseStream {
    const { config, metrics, runtime } = this.#parts;
    const limits = { maxEvents: config.maxBufferedEvents, maxBytes: config.maxBufferedBytes };
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]));
    reply.hijack();
    const stream = new SseStream(reply.raw, limits, (waiting) => {
      metrics.slow();
      runtime.logger.warn({ table, subject: principal.subject, ...waiting }, 'a client does not read its change stream: cut off');
    });
    stream.open(headers);
    return stream;
  }
}

/** RFC 7240: a preference among others, in a list or in a header of its own. */
function prefersNoSnapshot(prefer: string | string[] | undefined): boolean {
  return String(prefer ?? '')
    .split(',')
    .some((preference) => preference.trim() === 'snapshot=none');
}

/** Repeated names count each, which Fastify's own parser would make arrays of. */
function queryOf(request: FastifyRequest): URLSearchParams {
  const { url } = request;
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
}
