import { compareEventIds, type EventId } from '#contracts/topics/event-id';

/** What a reader has of one partition. */
interface PartitionProgress {
  /** Next offset. */
  next: bigint;
  /** The furthest event so far; a record below it is a redelivery (first deliveries are in commit order). */
  high: EventId | undefined;
  /** Keys seen under `high`: the two halves of a primary-key update share their id. */
  keysAtHigh: Set<string>;
  /** This partition's part of `text()`. */
  text: string;
}

/**
 * How far a reader has come in a topic, by partition: what a cursor stores, and what tells a first delivery from a repetition.
 * Of each partition it knows the next offset and the furthest event. As text: `<offset>[_<timeline>_<lsn>_<ordinal>]` in base 36, by partition, joined by dots.
 */
export class Progress {
  readonly #partitions: PartitionProgress[] = [];
  #systemId: string | undefined;
  #text: string | undefined;

  /** Starts at these offsets: index is the partition. */
  static at(offsets: readonly bigint[]): Progress {
    const progress = new Progress();
    offsets.forEach((offset, partition) => progress.moveTo(partition, offset));
    return progress;
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  /** Next offset of a partition; 0 for one that has not shown up yet. */
  next(partition: number): bigint {
    return this.#partitions[partition]?.next ?? 0n;
  }

  /** The cluster whose events were seen; undefined before the first. */
  get systemId(): string | undefined {
    return this.#systemId;
  }

  /** Whether every partition has been read up to a commit at or beyond this WAL position. */
  reached(lsn: bigint): boolean {
    return this.#partitions.length > 0 && this.#partitions.every(({ high }) => high !== undefined && high.commitLsn >= lsn);
  }

  moveTo(partition: number, next: bigint): void {
    const state = this.#partition(partition);
    state.next = next;
    this.#render(state);
  }

  /** Goes back in a partition: what follows counts as not seen. */
  rewind(partition: number, next: bigint): void {
    const state = this.#partition(partition);
    state.high = undefined;
    state.keysAtHigh = new Set();
    state.next = next;
    this.#render(state);
  }

  /**
   * Takes note of a change at `offset`. False: it has been here before, drop it. Throws `TypeError` for an event of another database cluster.
   */
  admit(partition: number, offset: bigint, id: EventId, key: string): boolean {
    const state = this.#partition(partition);
    this.#systemId ??= id.systemId;
    const order = state.high === undefined ? 1 : compareEventIds(id, state.high);
    const fresh = order > 0 || (order === 0 && !state.keysAtHigh.has(key));
    if (order > 0) {
      if (id.systemId !== this.#systemId) throw new TypeError('event ids of two database clusters have no order');
      state.high = id;
      state.keysAtHigh = new Set([key]);
    } else if (fresh) state.keysAtHigh.add(key);
    if (offset >= state.next) state.next = offset + 1n;
    this.#render(state);
    return fresh;
  }

  copy(): Progress {
    const copy = new Progress();
    copy.#systemId = this.#systemId;
    this.#partitions.forEach((state) => copy.#partitions.push({ ...state, keysAtHigh: new Set(state.keysAtHigh) }));
    return copy;
  }

  toText(): string {
    this.#text ??= `${this.#systemId ?? ''}.${this.#partitions.map((state) => state.text).join('.')}`;
    return this.#text;
  }

  /** Reads `toText`. Keys at the furthest event are not kept: its repetition would be delivered again, once. Throws `TypeError` on other text. */
  static fromText(text: string): Progress {
    const [systemId = '', ...parts] = text.split('.');
    const progress = new Progress();
    if (systemId !== '') progress.#systemId = systemId;
    parts.filter((part) => part !== '').forEach((part, partition) => progress.#read(part, partition));
    return progress;
  }

  #read(part: string, partition: number): void {
    const match = /^([0-9a-z]{1,13})(?:_([0-9a-z]{1,7})_([0-9a-z]{1,13})_([0-9a-z]{1,11}))?$/.exec(part);
    if (!match) throw new TypeError('not a position');
    const [, offset = '', timeline, lsn = '', ordinal = ''] = match;
    const state = this.#partition(partition);
    state.next = fromBase36(offset);
    if (timeline !== undefined && this.#systemId !== undefined)
      state.high = { systemId: this.#systemId, timeline: Number(fromBase36(timeline)), commitLsn: fromBase36(lsn), ordinal: Number(fromBase36(ordinal)) };
    this.#render(state);
  }

  #partition(partition: number): PartitionProgress {
    while (this.#partitions.length <= partition) this.#partitions.push({ next: 0n, high: undefined, keysAtHigh: new Set(), text: '0' });
    return this.#partitions[partition] as PartitionProgress;
  }

  #render(state: PartitionProgress): void {
    const high = state.high && `_${state.high.timeline.toString(36)}_${state.high.commitLsn.toString(36)}_${state.high.ordinal.toString(36)}`;
    state.text = `${state.next.toString(36)}${high ?? ''}`;
    this.#text = undefined;
  }
}

function fromBase36(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value;
}
