import type { ChangeStreamEvents } from '#contracts/http/change-stream';
import type { CursorCodec } from '../stitch/cursor.ts';
import type { Access } from '../subscriptions/access.ts';
import { see, type View } from '../subscriptions/view.ts';
import type { Positioned, TailListener, TopicTail } from '../tail/topic-tail.ts';
import { changeFrame, END, eventText, type Frame } from './frame.ts';
import type { Subscriber } from './subscriber.ts';

export type ResetReason = ChangeStreamEvents['reset']['reason'];

/** Told of what an audience does, for metrics. */
export interface AudienceObserver {
  delivered(events: number, newest: Frame): void;
  reset(reason: ResetReason, subscribers: number): void;
}

export interface AudienceOptions {
  fingerprint: string;
  access: Access;
  view: View;
  tail: TopicTail;
  codec: CursorCodec;
  observer: AudienceObserver;
}

/** Records kept back while the policy is being asked again; beyond, subscribers start anew. */
const MAX_HELD = 10_000;

/**
 * Everybody who sees the same of one table (subscriptions/fingerprint.ts): each record is evaluated and serialised once for all.
 */
export class Audience implements TailListener {
  readonly fingerprint: string;
  readonly access: Access;
  readonly tail: TopicTail;
  readonly #view: View;
  readonly #codec: CursorCodec;
  readonly #observer: AudienceObserver;
  readonly #subscribers = new Set<Subscriber>();
  #held: Positioned[] | undefined;
  /** It has been reset: whoever joins now must start anew too. */
  #over = false;
  #released = Promise.withResolvers<void>();

  constructor({ fingerprint, access, view, tail, codec, observer }: AudienceOptions) {
    this.fingerprint = fingerprint;
    this.access = access;
    this.tail = tail;
    this.#view = view;
    this.#codec = codec;
    this.#observer = observer;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  get over(): boolean {
    return this.#over;
  }

  join(subscriber: Subscriber): void {
    if (this.#subscribers.size === 0) this.tail.listen(this);
    this.#subscribers.add(subscriber);
    this.#releaseStitch(subscriber);
  }

  leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size === 0) this.tail.leave(this);
  }

  /** Delivers nothing until `release`: it may no longer be allowed. */
  hold(): void {
    if (this.#held) return;
    this.#held = [];
    this.#released = Promise.withResolvers();
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#released.resolve();
    if (held && held.length > 0) this.onRecords(held);
  }

  /** Where the class stands: the shared half of a cursor. Undefined while records are held back. */
  position(): string | undefined {
    return this.#held ? undefined : this.#codec.position(this.fingerprint, this.tail.progress.toText());
  }

  /** Resolves once nothing is held back. */
  async released(): Promise<void> {
    while (this.#held) await this.#released.promise;
  }

  get holding(): boolean {
    return this.#held !== undefined;
  }

  onRecords(records: readonly Positioned[]): void {
    if (this.#held) {
      this.#held.push(...records);
      if (this.#held.length > MAX_HELD) this.reset('policy-changed', 'the policy could not be asked in time');
      return;
    }
    const frames = this.frames(records);
    if (frames === 'gap') return this.reset('gap', 'a change could not be read, or not be matched with the filter');
    this.#send(frames);
    for (const subscriber of this.#subscribers) this.#releaseStitch(subscriber);
  }

  onLost(detail: string): void {
    this.reset('history-gone', detail);
  }

  /** What the class is sent for these records. */
  frames(records: readonly Positioned[]): Frame[] | 'gap' {
    const frames: Frame[] = [];
    for (const { record, position } of records) {
      if (record.kind === 'hole') return 'gap';
      const change = see(record, this.#view);
      if (change === 'gap') return 'gap';
      if (!change) continue;
      const { commitLsn, xid, committedMs } = record;
      frames.push({ text: changeFrame(change, this.#codec.position(this.fingerprint, position)), commitLsn, xid, committedMs });
    }
    return frames;
  }

  /** Tells everybody that the table is built otherwise now. */
  tellSchema(): void {
    for (const { stream } of this.#subscribers) stream.send(eventText('schema', {}), 1);
  }

  /** Tells everybody to start anew, and ends their streams. */
  reset(reason: ResetReason, detail: string): void {
    const leaving = [...this.#subscribers];
    this.#held = undefined;
    this.#released.resolve();
    this.#over = true;
    for (const subscriber of leaving) {
      this.leave(subscriber);
      subscriber.stream.end(eventText('reset', { reason, detail }));
    }
    this.#observer.reset(reason, leaving.length);
  }

  #releaseStitch(subscriber: Subscriber): void {
    if (subscriber.stitch && this.tail.progress.reached(subscriber.stitch.horizon)) subscriber.stitched();
  }

  #send(frames: readonly Frame[]): void {
    const newest = frames.at(-1);
    if (!newest) return;
    let bytes: Buffer | undefined;
    const shared = (): Buffer => (bytes ??= Buffer.from(frames.map(({ text }) => `${text}${END}`).join('')));
    let delivered = 0;
    for (const subscriber of this.#subscribers) delivered += subscriber.send(frames, shared);
    if (delivered > 0) this.#observer.delivered(delivered, newest);
  }
}
