import { Failure } from '#libs/failure/failure';
import { type LogRecord, MAX_RECORD_BYTES, type Producer, type Refused, type StoredRecord } from '../change-log.ts';
import { partitionOf } from '../murmur2.ts';
import type { LogThread } from './log-thread.ts';
import { packRecords } from './pack.ts';
import type { Partition } from './partition.ts';
import { STRIDE, type AppendReply, type PackedRecords, type WriterRequest } from './protocol.ts';

export interface SqliteProducerOptions {
  id: string;
  epoch: number;
  writer: LogThread<WriterRequest>;
  partitions: (topic: string) => readonly Partition[] | undefined;
  /** Told of each partition's records once they are durable. `bytes` is what they hold in memory. */
  onAppended: (partition: Partition, records: readonly StoredRecord[], bytes: number) => void;
}

/** What an entry costs beside its bytes, roughly: objects and headers. */
const RECORD_OVERHEAD = 256;

export class SqliteProducer implements Producer {
  readonly #options: SqliteProducerOptions;
  #closed = false;

  constructor(options: SqliteProducerOptions) {
    this.#options = options;
  }

  async append(given: readonly LogRecord[], refused?: Refused): Promise<void> {
    if (this.#closed) throw new Failure('bug', `producer ${this.#options.id} is closed`);
    if (given.length === 0) return;
    const records = given.some(isTooLarge) ? given.flatMap((record) => acceptable(record, refused)) : given;
    const places = records.map((record) => this.#place(record));
    const packed = packRecords(
      records,
      places.map(({ id }) => id),
    );
    const { id, epoch, writer } = this.#options;
    const reply = await writer.ask<AppendReply>({ type: 'append', producer: id, epoch, records: packed });
    this.#publish(records, places, packed, reply);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #place(record: LogRecord): Partition {
    const partitions = this.#options.partitions(record.topic);
    if (!partitions) throw new Failure('misconfigured', `topic ${record.topic} does not exist`);
    const partition = partitions[partitionOf(record.key, partitions.length)]!;
    if (partition.compact && record.key === null) throw new Failure('invalid-input', `topic ${record.topic} is compacted: a record needs a key`);
    return partition;
  }

  /** Hands over what was written: views of our own copy, so that the caller may reuse its buffers. */
  #publish(records: readonly LogRecord[], places: readonly Partition[], packed: PackedRecords, { timestampMs, starts }: AppendReply): void {
    const next = new Map(starts);
    const stored = new Map<Partition, { records: StoredRecord[]; bytes: number }>();
    const source = Buffer.from(packed.bytes.buffer);
    let at = 0;
    const take = (length: number): Buffer | null => (length < 0 ? null : source.subarray(at, (at += length)));
    records.forEach((record, i) => {
      const partition = places[i]!;
      const begin = at;
      const [key, value] = [take(packed.meta[i * STRIDE + 2]!), take(packed.meta[i * STRIDE + 3]!)];
      at += packed.meta[i * STRIDE + 4]!;
      const offset = next.get(partition.id)!;
      next.set(partition.id, offset + 1);
      const entry = stored.get(partition) ?? { records: [], bytes: 0 };
      entry.records.push({ topic: record.topic, partition: partition.number, offset: BigInt(offset), timestampMs, key, value, headers: { ...record.headers } });
      entry.bytes += at - begin + RECORD_OVERHEAD;
      stored.set(partition, entry);
    });
    for (const [partition, entry] of stored) this.#options.onAppended(partition, entry.records, entry.bytes);
  }
}

function isTooLarge({ key, value }: LogRecord): boolean {
  return (key?.length ?? 0) + (value?.length ?? 0) > MAX_RECORD_BYTES;
}

function acceptable(record: LogRecord, refused: Refused | undefined): readonly LogRecord[] {
  if (!isTooLarge(record)) return [record];
  const failure = new Failure('invalid-input', `${record.topic} takes no record of more than ${MAX_RECORD_BYTES} bytes`);
  if (!refused) throw failure;
  return refused(record, failure).flatMap((replacement) => acceptable(replacement, refused));
}
