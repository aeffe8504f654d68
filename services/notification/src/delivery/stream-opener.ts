import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import { topicName } from '#contracts/topics/topic-name';
import { Failure } from '#libs/failure/failure';
import { classify } from '#libs/failure/classify';
import type { Principal } from '#libs/governance/principal';
import type { Logger } from '#libs/runtime/logger';
import { readPages, readStitch } from '../snapshot/read-snapshot.ts';
import type { Cursor, CursorCodec } from '../stitch/cursor.ts';
import type { Progress } from '../stitch/progress.ts';
import type { SubscriberReader } from '../subscriptions/reader.ts';
import type { ResolvedSubscription, SubscriptionResolver } from '../subscriptions/resolver.ts';
import type { SubscriptionRequest } from '../subscriptions/subscription-request.ts';
import { catchUp, isBehind } from '../tail/catch-up.ts';
import { rewound } from '../tail/rewound.ts';
import type { Tails } from '../tail/tails.ts';
import type { TopicTail } from '../tail/topic-tail.ts';
import type { ResetReason } from './audience.ts';
import type { Audiences } from './audiences.ts';
import { eventText, eventWithCursor } from './frame.ts';
import type { OpenStreams } from './open-streams.ts';
import type { SseStream } from './sse-stream.ts';
import { Subscriber } from './subscriber.ts';

export interface StreamCall {
  principal: Principal;
  request: SubscriptionRequest;
  /** `Last-Event-ID`. */
  lastEventId: string | undefined;
  /** Whether a fresh stream begins with the rows, or only tells changes. */
  snapshot: boolean;
  /** Sends the head; from then on errors are the stream's. */
  start: () => SseStream;
}

export interface StreamOpenerParts {
  changeLog: ChangeLog;
  topicPrefix: string;
  tails: Tails;
  audiences: Audiences;
  streams: OpenStreams;
  reader: SubscriberReader;
  resolver: SubscriptionResolver;
  codec: CursorCodec;
  logger: Logger;
}

/** A client has so long to read a page of its snapshot, ms: an open snapshot holds Postgres's vacuum back. */
const PAGE_TIMEOUT_MS = 10_000;
/** A cursor of another instance may be ahead of this one's tail for so long, ms. */
const AHEAD_TIMEOUT_MS = 5_000;

/**
 * Opens streams. Fresh:
 *
 *     tail runs ─▶ note where it stands ─▶ snapshot ─▶ rows ─▶ `ready` ─▶ catch up with the tail ─▶ join the audience
 *
 * With a cursor: from it, catch up, join. Throws, before `start` was called, what the caller turns into a problem.
 */
export class StreamOpener {
  readonly #parts: StreamOpenerParts;

  constructor(parts: StreamOpenerParts) {
    this.#parts = parts;
  }

  async open(call: StreamCall): Promise<void> {
    const { tails, topicPrefix } = this.#parts;
    const opening = new Opening(call);
    // Before anything is read: everything committed after the snapshot will pass this tail.
    const tail = await tails.acquire(topicName(topicPrefix, call.request.schema, call.request.table));
    try {
      await (call.lastEventId === undefined ? this.#fresh(opening, tail) : this.#resume(opening, tail, call.lastEventId));
    } catch (error) {
      if (!opening.stream) throw error;
      this.#breakOff(opening.stream, error);
    } finally {
      if (opening.stream) opening.stream.onClose(() => tails.release(tail));
      else tails.release(tail);
    }
  }

  async #fresh(opening: Opening, tail: TopicTail): Promise<void> {
    const { reader, resolver, audiences } = this.#parts;
    const { principal, request } = opening.call;
    const { suspicions } = audiences;
    const before = tail.progress.copy();
    const taken = await reader.read(principal, async (client) => {
      const subscription = await resolver.resolve(client, principal, request);
      const stitch = await readStitch(client);
      const rows = opening.call.snapshot ? await sendRows(client, opening, subscription) : 0;
      return rows === undefined ? undefined : { subscription, stitch, rows };
    });
    if (!taken) return;
    const { subscription, stitch, rows } = taken;
    const progress = rewound(tail, before, stitch);
    const suffix = this.#parts.codec.suffix(subscription.fingerprint, stitch);
    const cursor = `${this.#parts.codec.position(subscription.fingerprint, progress.toText())}${suffix}`;
    opening.started().send(eventWithCursor('ready', { rows, key: subscription.access.key.map(({ name }) => name) }, cursor), 1);
    await this.#join(opening, { tail, subscription, progress, subscriber: new Subscriber(opening.started(), stitch, suffix), suspicions });
  }

  async #resume(opening: Opening, tail: TopicTail, lastEventId: string): Promise<void> {
    const { reader, resolver, codec, audiences } = this.#parts;
    const { principal, request } = opening.call;
    const { suspicions } = audiences;
    const subscription = await reader.read(principal, (client) => resolver.resolve(client, principal, request));
    const cursor = codec.parse(lastEventId);
    const refused = cursor ? await this.#refuse(cursor, subscription, tail) : { reason: 'gap' as const, detail: 'the cursor is not one of this service' };
    const stream = opening.started();
    if (!cursor || refused) return stream.end(eventText('reset', refused ?? { reason: 'gap', detail: '' }));
    const subscriber = new Subscriber(stream, cursor.stitch, codec.suffix(subscription.fingerprint, cursor.stitch));
    await this.#join(opening, { tail, subscription, progress: cursor.progress, subscriber, suspicions });
  }

  /** Why a cursor can't be gone on from; undefined: it can. */
  async #refuse(cursor: Cursor, subscription: ResolvedSubscription, tail: TopicTail): Promise<{ reason: ResetReason; detail: string } | undefined> {
    if (cursor.subscription !== subscription.fingerprint)
      return { reason: 'policy-changed', detail: 'the cursor belongs to another role, filter or shape of the table' };
    const { systemId } = tail.progress;
    if (systemId !== undefined && cursor.progress.systemId !== undefined && systemId !== cursor.progress.systemId)
      return { reason: 'gap', detail: 'the changes are those of another database cluster' };
    const bounds = await this.#parts.changeLog.bounds(tail.topic);
    if (cursor.progress.partitions > 0 && bounds.length !== cursor.progress.partitions) return { reason: 'gap', detail: 'the change log has been made anew' };
    for (const { partition, earliest, next } of bounds) {
      const wanted = cursor.progress.next(partition);
      if (wanted < earliest) return { reason: 'history-gone', detail: 'the change log no longer holds what followed the cursor' };
      if (wanted > next) return { reason: 'gap', detail: 'the change log has been made anew' };
    }
    return undefined;
  }

  async #join(opening: Opening, joining: Joining): Promise<void> {
    const { audiences, changeLog, streams } = this.#parts;
    const { tail, subscription, progress, subscriber } = joining;
    const { stream } = subscriber;
    const audience = audiences.of(subscription, tail);
    stream.onClose(() => {
      audience.leave(subscriber);
      audiences.tidy(audience);
    });
    await untilNotAhead(tail, progress);
    do {
      await audience.released();
      await catchUp(changeLog, tail, progress, async (records) => {
        const frames = audience.frames(records);
        if (frames === 'gap')
          throw new Failure('position-lost', 'a change could not be read, or not be matched with the filter', { detail: { reason: 'gap' } });
        subscriber.send(frames, () => Buffer.from(frames.map(({ text }) => `${text}\n\n`).join('')));
        if (!(await stream.room(PAGE_TIMEOUT_MS))) throw new Failure('timeout', 'the client does not read');
      });
    } while (audience.holding || isBehind(tail, progress));
    // From this look at the tail to `join` nothing is awaited.
    if (audience.over || tail.lost) throw new Failure('position-lost', 'the subscription was reset', { detail: { reason: 'policy-changed' } });
    audience.join(subscriber);
    streams.add({ audience, subscriber, expiresMs: expiryOf(opening.call.principal) });
    if (audiences.suspicions !== joining.suspicions) audiences.recheck(audience);
  }

  /** The head is out: only the stream can tell. */
  #breakOff(stream: SseStream, error: unknown): void {
    const failure = classify(error);
    if (failure.kind === 'position-lost') {
      const reason = failure.detail['reason'] === 'gap' ? 'gap' : failure.detail['reason'] === 'policy-changed' ? 'policy-changed' : 'history-gone';
      return stream.end(eventText('reset', { reason, detail: failure.message }));
    }
    if (failure.kind === 'bug') this.#parts.logger.error({ err: error }, 'a stream broke off');
    else this.#parts.logger.info({ err: error }, 'a stream broke off');
    stream.cut();
  }
}

interface Joining {
  tail: TopicTail;
  subscription: ResolvedSubscription;
  progress: Progress;
  subscriber: Subscriber;
  /** `Audiences.suspicions` from before the policy was asked. */
  suspicions: number;
}

/** A call on its way to a stream. */
class Opening {
  readonly call: StreamCall;
  stream: SseStream | undefined;

  constructor(call: StreamCall) {
    this.call = call;
  }

  /** The stream, its head sent. */
  started(): SseStream {
    this.stream ??= this.call.start();
    return this.stream;
  }
}

/** Sends the snapshot's pages; how many rows, or undefined when the client does not take them. Nothing is sent before Postgres has accepted the query. */
async function sendRows(client: pg.ClientBase, opening: Opening, { access }: ResolvedSubscription): Promise<number | undefined> {
  const key = access.key.map(({ name }) => name);
  let rows = 0;
  for await (const page of readPages(client, access)) {
    rows += page.length;
    opening.started().send(eventText('snapshot', { rows: page, key }), 1);
    if (await opening.started().room(PAGE_TIMEOUT_MS)) continue;
    opening.started().cut();
    return undefined;
  }
  return rows;
}

async function untilNotAhead(tail: TopicTail, progress: Progress): Promise<void> {
  const late = AbortSignal.timeout(AHEAD_TIMEOUT_MS);
  const ahead = (): boolean =>
    Array.from({ length: progress.partitions }, (_, partition) => partition).some((partition) => progress.next(partition) > tail.progress.next(partition));
  while (ahead()) {
    if (late.aborted) throw new Failure('timeout', 'the cursor is ahead of the change log');
    await Promise.race([tail.moved(), new Promise((resolve) => late.addEventListener('abort', resolve))]);
  }
}

function expiryOf(principal: Principal): number | undefined {
  const { exp } = principal.claims;
  return typeof exp === 'number' ? exp * 1000 : undefined;
}
