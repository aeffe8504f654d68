import { setImmediate as turn } from 'node:timers/promises';
import { CONTROL } from '#contracts/topics/control-record';
import { deadLetterTopic } from '#contracts/topics/parked';
import { schemaTopic } from '#contracts/topics/schema-change';
import { transactionTopic } from '#contracts/topics/transaction-event';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { CONTEXT_PREFIX } from '#libs/governance/write-context';
import type { Lsn } from '#libs/pgoutput/lsn';
import type { RelationMessage } from '#libs/pgoutput/message';
import { PgoutputDecoder } from '#libs/pgoutput/decoder';
import type { Clock } from '#libs/runtime/clock';
import { PgoutputError } from '#libs/pgoutput/pgoutput-error';
import type { ReplicationEvent } from '#libs/postgres/replication/replication-message';
import type { CaptureOptions } from './capture-options.ts';
import type { ChangeRecord } from './change/change-record.ts';
import type { Relation } from './change/relation.ts';
import type { SchemaLog } from './change/schema-log.ts';
import { TransactionAssembler } from './change/transaction-assembler.ts';
import { CloudEvents } from './change/cloud-events.ts';
import type { SignalRow } from './change/signal.ts';
import { Publisher } from './publish/publisher.ts';
import { refusedRecords } from './publish/refused.ts';
import { Windows } from './change/windows.ts';
import { RelationCatalogue } from './source/relation-catalogue.ts';
import { readSchemas } from './source/schema-history.ts';
import { fingerprintOf, type TakenSlot } from './source/take-slot.ts';

/** `source.version` of the envelopes. */
const VERSION = '0.1.0';

/**
 * What is handled in one turn of the event loop, about a millisecond's worth: under a backlog the answer of an append would wait for a whole megabyte to be
 * decoded, and the broker for the next append.
 */
const SLICE_BYTES = 64 * 1024;

/** One session from a taken slot to its end: decode → complete relations → assemble → publish. A new one for every connection. */
export class Capture {
  readonly #taken: TakenSlot;
  readonly catalogue: RelationCatalogue;
  /** What was told of the tables. */
  readonly schemas: SchemaLog;
  /** Chunks that are read beside this stream. */
  readonly windows = new Windows();
  readonly #relations = new Map<number, Relation>();
  readonly #decoder = new PgoutputDecoder();
  readonly #assembler: TransactionAssembler;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  /** Read once for each slice of events. */
  #now = 0;
  readonly #signals: SignalRow[] = [];
  readonly #onSignal: (row: SignalRow) => Promise<void>;
  #stopping = false;
  /** Since when, ms since the epoch; with what lets it go on. */
  #paused: { since: number; over: PromiseWithResolvers<void> } | null;
  #done: Promise<void> | undefined;

  private constructor(options: CaptureOptions, taken: TakenSlot, schemas: SchemaLog, onSignal: (row: SignalRow) => Promise<void>) {
    const { config, runtime, metrics } = options;
    const { identity, publicationOid, stream, producer, store, from } = taken;
    const { systemId, timeline, database } = identity;
    const fingerprint = fingerprintOf(config);
    this.#taken = taken;
    this.#clock = runtime.clock;
    this.#paused = taken.pausedSince === null ? null : { since: taken.pausedSince, over: Promise.withResolvers() };
    this.schemas = schemas;
    this.#onSignal = onSignal;
    this.catalogue = catalogueOf(options, schemas);
    this.#assembler = new TransactionAssembler({
      systemId,
      timeline,
      envelope: { version: VERSION, topicPrefix: config.CDC_TOPIC_PREFIX, database },
      contextPrefix: CONTEXT_PREFIX,
      deadLetterTopic: deadLetterTopic(config.CDC_TOPIC_PREFIX),
      transactionTopic: config.CDC_TRANSACTION_METADATA ? transactionTopic(config.CDC_TOPIC_PREFIX) : null,
      cloudEvents: config.CDC_CLOUDEVENTS ? new CloudEvents({ topicPrefix: config.CDC_TOPIC_PREFIX, database }) : null,
      onSignal: (row) => this.#signals.push(row),
      from,
      windows: this.windows,
      relations: this.#relations,
      schemas,
      schemaTopic: schemaTopic(config.CDC_TOPIC_PREFIX),
      slot: config.CDC_SLOT,
      now: () => this.#now,
    });
    this.#publisher = new Publisher({
      producer,
      from,
      progressRecord: (position) => store.record({ state: 'streaming', systemId, timeline, position, fingerprint, publicationOid }),
      acknowledge: (end) => stream.acknowledge(end),
      onFailure: (failure) => stream.abort(failure),
      onDurable: (records) => this.#assembler.release(records),
      refused: refusedRecords(deadLetterTopic(config.CDC_TOPIC_PREFIX), runtime.clock),
      clock: runtime.clock,
      metrics,
    });
    stream.acknowledge(from.end);
  }

  /** Reads what was told before; whoever told it is fenced by now. */
  static async open(options: CaptureOptions, taken: TakenSlot, onSignal: (row: SignalRow) => Promise<void>): Promise<Capture> {
    try {
      return new Capture(options, taken, await readSchemas(options), onSignal);
    } catch (error) {
      await taken.stream.close();
      await taken.producer.close().catch(() => undefined);
      throw error;
    }
  }

  /** Everything that committed before is published, and known to be. */
  get confirmed(): Lsn {
    return this.#taken.stream.acknowledged;
  }

  /** Since when nothing is read, ms since the epoch; null while it is. */
  get pausedSince(): number | null {
    return this.#paused?.since ?? null;
  }

  /** Hands over nothing more until `resume`, in later sessions too: what was read stays where it is, then the socket, then the server waits. */
  async pause(now: number): Promise<void> {
    if (this.#paused) return;
    await this.#taken.producer.append([this.#taken.control.record(CONTROL.pause, { since: now })]);
    this.#paused = { since: now, over: Promise.withResolvers() };
  }

  async resume(): Promise<void> {
    if (!this.#paused) return;
    await this.#taken.producer.append([this.#taken.control.record(CONTROL.pause, null)]);
    this.#paused.over.resolve();
    this.#paused = null;
  }

  /** Ends the session with a failure that was found beside the stream. */
  fail(failure: Failure): void {
    this.#taken.stream.abort(failure);
  }

  /** Resolves once every record that was read so far is durable in the change log; never, when the session fails first. */
  whenDurable(): Promise<void> {
    return this.#publisher.whenDurable();
  }

  /** Runs until `stop`; rejects with the Failure that ended the session. */
  run(): Promise<void> {
    this.#done ??= this.#run();
    return this.#done;
  }

  /** Reads nothing more, publishes and confirms what was read, ends the session. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#paused?.over.resolve();
    this.#taken.stream.interrupt();
    await this.#done?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { stream, producer } = this.#taken;
    try {
      while (!this.#stopping) {
        const events = await stream.receive();
        if (await this.#mayHandle()) await this.#handle(events);
      }
      await this.#publisher.drain();
    } catch (error) {
      const failure = asFailure(error);
      this.#publisher.abandon(failure);
      throw failure;
    } finally {
      await stream.close();
      await producer.close().catch(() => undefined);
    }
  }

  /** False when the session ends instead: what was read is not confirmed, so it comes again. */
  async #mayHandle(): Promise<boolean> {
    const { stream } = this.#taken;
    if (!this.#paused) return true;
    await Promise.race([this.#paused.over.promise, stream.ended]);
    return !this.#stopping && !this.#paused;
  }

  async #describe(message: RelationMessage): Promise<void> {
    this.#publisher.flush();
    const relation = await this.catalogue.resolve(message, { xid: this.#assembler.xid, isFirst: !this.#relations.has(message.oid) });
    this.#relations.set(message.oid, relation);
    this.windows.describe(message.oid, relation.signature);
  }

  async #handle(events: readonly ReplicationEvent[]): Promise<void> {
    let records: ChangeRecord[] = [];
    let commitTime: bigint | null = null;
    let urgent = false;
    let bytes = 0;
    this.#now = this.#clock.now();
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index] as ReplicationEvent;
      if (event.kind === 'keepalive') {
        this.#assembler.advance(event.serverEnd);
        urgent ||= event.replyRequested;
        continue;
      }
      const message = this.#decoder.decode(event.bytes, event.start, event.end);
      if (message.type === 'relation') await this.#describe(message);
      else if (message.type === 'commit') commitTime = message.commitTime;
      this.#assembler.accept(message, event.lsn, records, event.skipped);
      bytes += event.end - event.start;
      if (bytes < SLICE_BYTES) continue;
      await this.#heed();
      await this.#publisher.add(records, { position: this.#assembler.position, commitTime, more: true });
      await turn();
      records = [];
      bytes = 0;
      this.#now = this.#clock.now();
    }
    await this.#heed();
    await this.#publisher.add(records, { position: this.#assembler.position, commitTime, urgent, more: this.#taken.stream.behind });
  }

  /** Signals are written down before the position behind them can be confirmed. */
  async #heed(): Promise<void> {
    if (this.#signals.length === 0) return;
    this.#publisher.flush();
    for (const row of this.#signals.splice(0)) await this.#onSignal(row);
  }
}

function asFailure(error: unknown): Failure {
  if (!(error instanceof PgoutputError)) return classify(error);
  return new Failure('protocol-violation', error.message, { cause: error, detail: { tag: error.tag, offset: error.offset } });
}

function catalogueOf({ config, topics, rules, keys, pool, patterns, signal }: CaptureOptions, schemas: SchemaLog): RelationCatalogue {
  return new RelationCatalogue({
    pool,
    schemas,
    publication: config.CDC_PUBLICATION,
    patterns,
    topicPrefix: config.CDC_TOPIC_PREFIX,
    topicOf: (table) => topics.of(table),
    rules,
    keys,
    ensureTopic: (table) => topics.ensure(table),
    signal,
  });
}
