import type { Logger } from '#libs/runtime/logger';
import { classify } from '#libs/failure/classify';
import type { CursorCodec } from '../stitch/cursor.ts';
import type { SubscriberReader } from '../subscriptions/reader.ts';
import { Refused } from '../subscriptions/refusal.ts';
import type { ResolvedSubscription, SubscriptionResolver } from '../subscriptions/resolver.ts';
import type { TopicTail } from '../tail/topic-tail.ts';
import { Audience, type AudienceObserver } from './audience.ts';

export interface AudiencesOptions {
  reader: SubscriberReader;
  resolver: SubscriptionResolver;
  codec: CursorCodec;
  observer: AudienceObserver;
  logger: Logger;
}

interface Entry {
  audience: Audience;
  /** Of one member; all are alike in what counts. */
  subscription: ResolvedSubscription;
  checking: boolean;
  again: boolean;
}

/** All audiences of the process, by what they see. Asks again whether they may when a policy, a table or a grant may have changed. */
export class Audiences {
  readonly #options: AudiencesOptions;
  readonly #entries = new Map<string, Entry>();
  #suspicions = 0;

  constructor(options: AudiencesOptions) {
    this.#options = options;
  }

  /** Grows with every `suspect`: what was resolved under an older count must be asked again. */
  get suspicions(): number {
    return this.#suspicions;
  }

  /** The audience of a subscription; made when it is the first of its kind. */
  of(subscription: ResolvedSubscription, tail: TopicTail): Audience {
    const { codec, observer } = this.#options;
    const found = this.#entries.get(subscription.fingerprint);
    if (found?.audience.tail === tail && !found.audience.over) return found.audience;
    const { fingerprint, access, view } = subscription;
    const audience = new Audience({ fingerprint, access, view, tail, codec, observer });
    this.#entries.set(fingerprint, { audience, subscription, checking: false, again: false });
    return audience;
  }

  /** Forgets an audience that nobody is left in. */
  tidy(audience: Audience): void {
    if (audience.size === 0 && this.#entries.get(audience.fingerprint)?.audience === audience) this.#entries.delete(audience.fingerprint);
  }

  all(): Audience[] {
    return [...this.#entries.values()].map(({ audience }) => audience);
  }

  /** Something may have changed. `certain`: then nothing is delivered before the answer is there. */
  suspect(certain: boolean): void {
    if (certain) this.#suspicions += 1;
    for (const entry of this.#entries.values()) this.#check(entry, certain);
  }

  /** A table is built otherwise: its subscribers are told, and those who see something else now start anew. */
  edited(oid: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.audience.access.oid !== oid) continue;
      entry.audience.tellSchema();
      this.#check(entry, true);
    }
  }

  /** As `suspect`, for one audience. */
  recheck(audience: Audience): void {
    const entry = this.#entries.get(audience.fingerprint);
    if (entry?.audience === audience) this.#check(entry, true);
  }

  #check(entry: Entry, hold: boolean): void {
    if (hold) entry.audience.hold();
    if (entry.checking) entry.again = true;
    else void this.#checkUntilSettled(entry);
  }

  async #checkUntilSettled(entry: Entry): Promise<void> {
    entry.checking = true;
    let outcome: 'same' | 'unknown' | { reset: string };
    do {
      entry.again = false;
      outcome = await this.#ask(entry.subscription);
    } while (entry.again);
    entry.checking = false;
    if (outcome === 'same') entry.audience.release();
    else if (outcome !== 'unknown') {
      entry.audience.reset('policy-changed', outcome.reset);
      this.tidy(entry.audience);
    }
  }

  async #ask({ principal, request, fingerprint }: ResolvedSubscription): Promise<'same' | 'unknown' | { reset: string }> {
    const { reader, resolver, logger } = this.#options;
    try {
      const now = await reader.read(principal, (client) => resolver.resolve(client, principal, request));
      return now.fingerprint === fingerprint ? 'same' : { reset: 'what you may see, or the table itself, has changed' };
    } catch (error) {
      if (error instanceof Refused) return { reset: error.message };
      const failure = classify(error);
      if (failure.kind === 'dependency-unavailable' || failure.kind === 'timeout' || failure.kind === 'overloaded') {
        logger.warn({ err: error }, 'subscribers could not be checked against the policy; asked again once Postgres answers');
        return 'unknown';
      }
      return { reset: 'what you may see, or the table itself, has changed' };
    }
  }
}
