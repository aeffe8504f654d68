import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { ChangeValue } from '#contracts/topics/change-event';
import { type GapEvent, gapEvent, gapTopic } from '#contracts/topics/gap-event';
import { type JsonValue, parseJson } from '#contracts/topics/json';
import { type SchemaChangeValue, schemaChangeValue, schemaTopic } from '#contracts/topics/schema-change';
import type { ChangeLog, StoredRecord } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { createServiceRuntime, type ServiceRuntime } from '#libs/runtime/service-runtime';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import type { TestPostgres } from '#libs/testing/own-postgres';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type CdcConfig, cdcSettings } from '../cdc-config.ts';
import { type CdcOptions, CdcService, type CdcState } from '../cdc-service.ts';

type SlotState = Parameters<NonNullable<CdcOptions['onSlot']>>[0];

/** A change log of a test's own, in a directory that goes with it. */
export async function temporaryLog(): Promise<{ log: SqliteChangeLog; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-cdc-'));
  const log = await SqliteChangeLog.open({ directory, logger: createServiceRuntime('test', { LOG_LEVEL: 'silent' }).logger });
  const remove = async (): Promise<void> => {
    await log.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { log, remove };
}

/** A database, a change log, and any number of capture services between them, one after the other or side by side. */
export class CdcHarness {
  readonly database: TestDatabase;
  readonly log: ChangeLog;
  readonly slot = uniqueName('slot');
  readonly prefix: string;
  readonly #removeLog: () => Promise<void>;
  readonly #services: RunningCdc[] = [];

  constructor({ database, log, prefix, removeLog }: { database: TestDatabase; log: ChangeLog; prefix: string; removeLog: () => Promise<void> }) {
    this.database = database;
    this.log = log;
    this.prefix = prefix;
    this.#removeLog = removeLog;
  }

  /** On an embedded log, and a server of the test's own. */
  static async on(server: TestPostgres): Promise<CdcHarness> {
    const { log, remove } = await temporaryLog();
    return new CdcHarness({ database: await server.database(), log, prefix: 'test', removeLog: remove });
  }

  /** On an embedded log. */
  static async create(): Promise<CdcHarness> {
    const { log, remove } = await temporaryLog();
    return new CdcHarness({ database: await createTestDatabase(), log, prefix: 'test', removeLog: remove });
  }

  /** Starts a service; resolves at once. */
  run(overrides: Partial<CdcConfig> = {}, changeLog: ChangeLog = this.log): RunningCdc {
    const config = {
      ...cdcSettings.parse({ DATABASE_URL: this.database.url, CDC_SNAPSHOT: 'never', CDC_SLOT: this.slot, CDC_TOPIC_PREFIX: this.prefix }),
      ...overrides,
    };
    const service = new RunningCdc(config, changeLog);
    this.#services.push(service);
    return service;
  }

  /** Starts a service and waits until it streams. */
  async streaming(overrides: Partial<CdcConfig> = {}): Promise<RunningCdc> {
    const service = this.run(overrides);
    await service.reaches('streaming');
    return service;
  }

  async sql(text: string): Promise<void> {
    await this.database.client.query(text);
  }

  /** Everything published for these tables (`schema.table`) up to a mark that is written now, in order of publication within a table. */
  async published(...tables: readonly string[]): Promise<Event[]> {
    const mark = uniqueName('mark');
    await this.sql(`create table if not exists public.marks (mark text primary key)`);
    await this.sql(`do $$ begin alter publication lakeloop add table public.marks; exception when others then null; end $$`);
    await this.sql(`insert into public.marks values ('${mark}')`);
    await this.until('public.marks', (event) => event.after?.['mark'] === mark);
    const events: Event[] = [];
    for (const table of tables) events.push(...(await this.events(`${this.prefix}.${table}`)));
    return events;
  }

  /** Everything that a topic has by now. */
  async events(topic: string): Promise<Event[]> {
    const events: Event[] = [];
    for await (const record of this.log.read(topic, 0, 0n)) events.push(eventOf(record));
    return events;
  }

  /** What was told of gaps, in order. */
  async gaps(): Promise<GapEvent[]> {
    const gaps: GapEvent[] = [];
    for await (const { value } of this.log.read(gapTopic(this.prefix), 0, 0n)) gaps.push(gapEvent.parse(JSON.parse(String(value))));
    return gaps;
  }

  /** What was told of schemas by now, in order, with each record's event id. */
  async schemaChanges(): Promise<(SchemaChangeValue & { id: string })[]> {
    const changes: (SchemaChangeValue & { id: string })[] = [];
    for await (const { value, headers } of this.log.read(schemaTopic(this.prefix), 0, 0n))
      changes.push({ ...schemaChangeValue.parse(parseJson(String(value))), id: headers['id'] ?? '' });
    return changes;
  }

  /** Resolves once what was told of schemas satisfies `condition`. */
  async schemaReaches(condition: (changes: readonly SchemaChangeValue[]) => boolean): Promise<void> {
    const met = Promise.withResolvers<void>();
    const onBatch = async (): Promise<void> => {
      if (condition(await this.schemaChanges())) met.resolve();
    };
    const subscription = await this.log.subscribe({ topics: [schemaTopic(this.prefix)], from: 'earliest', onBatch });
    await met.promise;
    await subscription.close();
  }

  /** Resolves once an event of the table satisfies `condition`. */
  async until(table: string, condition: (event: Event) => boolean): Promise<void> {
    const met = Promise.withResolvers<void>();
    const subscription = await this.log.subscribe({
      topics: [`${this.prefix}.${table}`],
      from: 'earliest',
      onBatch: async (batch) => {
        if (batch.records.some((record) => condition(eventOf(record)))) met.resolve();
      },
    });
    await met.promise;
    await subscription.close();
  }

  async close(): Promise<void> {
    for (const service of this.#services) await service.end();
    await this.database.drop();
    await this.#removeLog();
  }
}

export class RunningCdc {
  readonly service: CdcService;
  /** What it logged; `CDC_TEST_LOG=info` has it on the terminal instead. */
  readonly logged: string[] = [];
  readonly runtime: ServiceRuntime = process.env['CDC_TEST_LOG']
    ? createServiceRuntime('cdc', { LOG_LEVEL: process.env['CDC_TEST_LOG'] })
    : createServiceRuntime(
        'cdc',
        { LOG_LEVEL: 'debug' },
        new Writable({ write: (line: Buffer, _encoding, done) => done(void this.logged.push(String(line))) }),
      );
  #state: CdcState = { phase: 'connecting', detail: '' };
  #slot: SlotState = null;
  #changed = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined;

  constructor(config: CdcConfig, changeLog: ChangeLog) {
    this.service = new CdcService({
      config,
      changeLog,
      runtime: this.runtime,
      onState: (state) => this.#onState(state),
      onSnapshot: () => this.#tell(),
      onSlot: (state) => {
        this.#slot = state;
        this.#tell();
      },
    });
    void this.service.run();
  }

  /** Waits for a phase; a service that stops for good instead is an error. */
  async reaches(phase: CdcState['phase'], detail: RegExp = /./): Promise<CdcState> {
    while (this.#state.phase !== phase || !detail.test(this.#state.detail)) {
      if (this.#state.phase === 'stopped') throw new Error(this.#state.detail);
      await this.#changed.promise;
    }
    return this.#state;
  }

  /** Resolves with the first snapshot that satisfies `condition`. */
  async snapshot(condition: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    for (;;) {
      const found = this.service.snapshotter?.list().find(condition);
      if (found) return found;
      await this.#changed.promise;
    }
  }

  /** Resolves with the first look at the slot that satisfies `condition`. */
  async slot(condition: (state: SlotState) => boolean): Promise<void> {
    while (!condition(this.#slot)) await this.#changed.promise;
  }

  end(): Promise<void> {
    this.#ended ??= this.service.drain().then(() => this.service.stop());
    return this.#ended;
  }

  #onState(state: CdcState): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A record of a change topic, read; `op` is null for a tombstone. */
export interface Event {
  id: string;
  key: JsonValue;
  op: ChangeValue['op'] | null;
  before: ChangeValue['before'];
  after: ChangeValue['after'];
  source: ChangeValue['source'] | null;
  headers: Readonly<Record<string, string>>;
  text: string;
}

export function eventOf(record: StoredRecord): Event {
  const value = record.value === null ? null : (parseJson(record.value.toString()) as unknown as ChangeValue);
  return {
    id: record.headers['id'] ?? '',
    key: record.key === null ? null : parseJson(record.key.toString()),
    op: value?.op ?? null,
    before: value?.before ?? null,
    after: value?.after ?? null,
    source: value?.source ?? null,
    headers: record.headers,
    text: record.value?.toString() ?? '',
  };
}
