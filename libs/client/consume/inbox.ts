import { compareEventIds, parseEventId } from '#contracts/topics/event-id';

/** Where an event comes from. */
export interface InboxEntry {
  consumer: string;
  topic: string;
  partition: number;
  /** Event id. */
  id: string;
}

/**
 * Remembers what a consumer has done, together with what it did. Events of a partition come in the order of their ids, and what is repeated (after a crash of the
 * consumer or of capture) was there before: so the newest id of each partition is all there is to remember, and nothing has to be pruned.
 */
export abstract class Inbox<Transaction> {
  /** Does `work` and notes the event, both or neither. False, and no work, for an event that is not newer than the partition's last. */
  abstract once(entry: InboxEntry, work: (transaction: Transaction) => Promise<void>): Promise<boolean>;
}

/** Whether the event was done when `last` was. */
export function isRepeated(id: string, last: string | null): boolean {
  return last !== null && compareEventIds(parseEventId(id), parseEventId(last)) <= 0;
}

/** For consumers whose effects don't outlive the process: it forgets with it. */
export class MemoryInbox extends Inbox<void> {
  readonly #last = new Map<string, string>();

  override async once({ consumer, topic, partition, id }: InboxEntry, work: () => Promise<void>): Promise<boolean> {
    const place = JSON.stringify([consumer, topic, partition]);
    if (isRepeated(id, this.#last.get(place) ?? null)) return false;
    await work();
    this.#last.set(place, id);
    return true;
  }
}
