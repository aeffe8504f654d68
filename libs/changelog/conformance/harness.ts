import type { Batch, ChangeLog, LogRecord, StoredRecord, SubscribeOptions } from '../change-log.ts';

/** What an adapter gives the suite. */
export interface ChangeLogHarness {
  /** The log under test; closed by `stop`. */
  start(): Promise<ChangeLog>;
  /** Another handle to the same data, as another process has it; the same one where the adapter is for one process. */
  another(): Promise<ChangeLog>;
  /** Makes every record written so far to `topic` (cleanup delete) fall out of retention; resolves when it has. */
  expire(topic: string): Promise<void>;
  /** Resolves when compaction of `topic` has run over everything written so far. */
  compact(topic: string, keys: number): Promise<void>;
  stop(): Promise<void>;
}

let counter = 0;
/** A name of a test's own. */
export function unique(prefix: string): string {
  counter += 1;
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${counter}`;
}

export function record(topic: string, key: string | null, value: string | null, headers: Record<string, string> = {}): LogRecord {
  return { topic, key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value), headers };
}

export function values(records: readonly StoredRecord[]): (string | null)[] {
  return records.map(({ value }) => value?.toString() ?? null);
}

/** Numbered records for `keys` keys: value `<key>:<n>` with n growing by key. */
export function numbered(topic: string, count: number, keys: number, from = 0): LogRecord[] {
  return Array.from({ length: count }, (_, i) => record(topic, `k${(from + i) % keys}`, `k${(from + i) % keys}:${Math.floor((from + i) / keys)}`));
}

/** Takes batches and tells when enough has come. */
export class Collector {
  readonly records: StoredRecord[] = [];
  readonly failures: unknown[] = [];
  #checks = new Set<() => void>();

  readonly onBatch = async (batch: Batch): Promise<void> => {
    this.records.push(...batch.records);
    this.changed();
  };
  readonly onFailure = (error: unknown): void => {
    this.failures.push(error);
    this.changed();
  };

  changed(): void {
    for (const check of this.#checks) check();
  }

  /** Resolves once `condition` holds; checked whenever something arrives. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  count(wanted: number): Promise<void> {
    return this.until(() => this.records.length >= wanted);
  }

  /** Subscription options that deliver here. */
  options(topics: readonly string[], rest: Partial<SubscribeOptions> = {}): SubscribeOptions {
    return { topics, from: 'earliest', onBatch: this.onBatch, onFailure: this.onFailure, ...rest };
  }
}

/** A gate that a handler waits at. */
export class Gate {
  readonly #reached = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  get reached(): Promise<void> {
    return this.#reached.promise;
  }
  async pass(): Promise<void> {
    this.#reached.resolve();
    await this.#opened.promise;
  }
  open(): void {
    this.#opened.resolve();
  }
}

export async function all(records: AsyncIterable<StoredRecord>): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const item of records) found.push(item);
  return found;
}

/** For each key, the order of its values' numbers is growing. */
export function inKeyOrder(records: readonly StoredRecord[]): boolean {
  const last = new Map<string, number>();
  return records.every(({ value }) => {
    const [key = '', number = ''] = String(value).split(':');
    const ordered = Number(number) > (last.get(key) ?? -1);
    last.set(key, Number(number));
    return ordered;
  });
}

/** All records of a topic, partition by partition. */
export async function contents(log: ChangeLog, topic: string): Promise<StoredRecord[]> {
  const bounds = await log.bounds(topic);
  return (await Promise.all(bounds.map(({ partition, earliest }) => all(log.read(topic, partition, earliest))))).flat();
}

/** The offset after the last of `records` in each partition: what a group that took them has committed. */
export function positionsAfter(records: readonly StoredRecord[], partitions: number): (bigint | null)[] {
  return Array.from({ length: partitions }, (_, partition) =>
    records
      .filter((item) => item.partition === partition)
      .reduce<bigint | null>((last, { offset }) => (last === null || offset >= last ? offset + 1n : last), null),
  );
}
