import pg from 'pg';
import { formatEventId } from '#contracts/topics/event-id';
import { stringifyJson } from '#contracts/topics/json';
import type { EncodedRow } from '#contracts/topics/change-event';
import type { ChangeLog, LogRecord, Producer } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { installGovernance } from '#libs/governance/install';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import type { PolicyPart } from '#libs/governance/policy/merge-policies';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PREFIX = 'test';
export const TOPIC = `${PREFIX}.shop.item`;
export const ALL_ROWS: PolicyPart = { roles: { analyst: { 'shop.item': { select: { columns: '*' } } } } };

export type Item = { id: number; name: string; region: string | null; secret: string | null };

/** A change of `shop.item`, as the change data capture would have seen it. */
export interface ItemChange {
  op: 'c' | 'u' | 'd' | 't';
  before: Item | null;
  after: Item | null;
}

/** A database with a governed table, and a change log that the tests append to in capture's place, from transactions really committed. */
export class Shop {
  readonly database: TestDatabase;
  readonly changeLog: SqliteChangeLog;
  readonly #producer: Producer;
  readonly #directory: string;
  readonly #writers: pg.Pool;
  readonly #open = new Set<OpenTransaction>();
  #committing: Promise<unknown> = Promise.resolve();

  private constructor(parts: { database: TestDatabase; changeLog: SqliteChangeLog; producer: Producer; directory: string }) {
    this.database = parts.database;
    this.changeLog = parts.changeLog;
    this.#producer = parts.producer;
    this.#directory = parts.directory;
    this.#writers = new pg.Pool({ connectionString: parts.database.url, max: 20 });
  }

  static async open(options: { partitions?: number; retentionMs?: number | null; retentionCheckMs?: number } = {}): Promise<Shop> {
    const logger = createLogger({ service: 'test', level: 'warn' });
    const database = await createTestDatabase();
    await installGovernance({ adminUrl: database.url, logger, logins: { notification: 'test' } });
    await database.client.query(`
      create schema shop authorization lakeloop_owner;
      set role lakeloop_owner;
      create table shop.item (id bigint primary key, name text not null, region text, secret text);
      create table shop.plain (id bigint primary key, name text);
      select lakeloop.adopt('shop.item'), lakeloop.adopt('shop.plain');
      reset role`);
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-push-'));
    const { retentionCheckMs } = options;
    const changeLog = await SqliteChangeLog.open({ directory, logger, ...(retentionCheckMs === undefined ? {} : { retentionCheckMs }) });
    await changeLog.ensureTopic(TOPIC, { partitions: options.partitions ?? 3, cleanup: 'delete', retentionMs: options.retentionMs ?? null });
    return new Shop({ database, changeLog, producer: await changeLog.openProducer('capture'), directory });
  }

  policy(policy: PolicyPart): Promise<unknown> {
    return applyPolicy(this.database.client, policy);
  }

  async close(): Promise<void> {
    await this.changeLog.close();
    await this.rollBack();
    await this.#writers.end();
    await this.database.drop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Begins a transaction of its own; nothing of it is visible, or in the log, before `commit`. */
  async begin(): Promise<OpenTransaction> {
    const client = await this.#writers.connect();
    await client.query('begin');
    const transaction = new OpenTransaction(client, this);
    this.#open.add(transaction);
    return transaction;
  }

  /** What a failed test has left open would hold up the next one. */
  async rollBack(): Promise<void> {
    for (const transaction of this.#open) await transaction.rollBack();
  }

  ended(transaction: OpenTransaction): void {
    this.#open.delete(transaction);
  }

  /** One change in a transaction of its own, committed and in the log. */
  async write(change: ItemChange): Promise<string> {
    const transaction = await this.begin();
    await transaction.run(change);
    return (await transaction.commit()).ids[0] ?? '';
  }

  /** Commits in the order of the log, as capture sees it. */
  async inCommitOrder<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#committing.then(work, work);
    this.#committing = turn.catch(() => undefined);
    return turn;
  }

  append(records: readonly LogRecord[]): Promise<void> {
    return this.#producer.append(records);
  }

  get log(): ChangeLog {
    return this.changeLog;
  }
}

export class OpenTransaction {
  readonly client: pg.PoolClient;
  readonly #shop: Shop;
  readonly #changes: ItemChange[] = [];

  constructor(client: pg.PoolClient, shop: Shop) {
    this.client = client;
    this.#shop = shop;
  }

  async run(change: ItemChange): Promise<void> {
    const { op, before, after } = change;
    if (op === 'c' && after) await this.client.query('insert into shop.item values ($1, $2, $3, $4)', [after.id, after.name, after.region, after.secret]);
    if (op === 'u' && after)
      await this.client.query('update shop.item set name = $2, region = $3, secret = $4 where id = $1', [after.id, after.name, after.region, after.secret]);
    if (op === 'd' && before) await this.client.query('delete from shop.item where id = $1', [before.id]);
    if (op === 't') await this.client.query('truncate shop.item');
    this.#changes.push(change);
  }

  /** Records of this transaction, given where its commit is in the WAL. */
  async records(): Promise<LogRecord[]> {
    const { rows } = await this.client.query<{ xid: string; lsn: string }>(
      "select pg_current_xact_id()::text as xid, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as lsn",
    );
    const { xid = '0', lsn = '0' } = rows[0] ?? {};
    return this.#changes.flatMap((change, ordinal) => recordsOf(change, { xid: BigInt(xid), lsn: BigInt(lsn), ordinal }));
  }

  rollBack(): Promise<void> {
    return this.#end('rollback');
  }

  async #end(how: 'commit' | 'rollback'): Promise<void> {
    await this.client.query(how);
    this.client.release();
    this.#shop.ended(this);
  }

  /** Commits, then appends to the log; `publish: false` leaves the log to the caller. */
  async commit({ publish = true } = {}): Promise<{ ids: string[]; records: LogRecord[] }> {
    return this.#shop.inCommitOrder(async () => {
      const records = await this.records();
      await this.#end('commit');
      if (publish) await this.#shop.append(records);
      return { records, ids: records.filter(({ value }) => value !== null).map(({ headers }) => headers['id'] ?? '') };
    });
  }
}

/** The envelope of one change, and the tombstone after a delete. */
export function recordsOf({ op, before, after }: ItemChange, at: { xid: bigint; lsn: bigint; ordinal: number; topic?: string }): LogRecord[] {
  const { xid, lsn, ordinal, topic = TOPIC } = at;
  const id = formatEventId({ systemId: '7000000000000000001', timeline: 1, commitLsn: lsn, ordinal });
  const headers = { id, actor: 'ada', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
  const now = Date.now();
  const source = {
    connector: 'postgresql',
    name: PREFIX,
    ts_ms: now,
    schema: 'shop',
    table: 'item',
    txId: Number(xid % 2n ** 32n),
    lsn: lsn.toString(),
    snapshot: 'false',
  };
  const value = stringifyJson({ before: before as EncodedRow | null, after: after as EncodedRow | null, source, op, ts_ms: now, transaction: null });
  const row = after ?? before;
  const key = row === null ? null : Buffer.from(JSON.stringify({ id: row.id }));
  const record = { topic, key, value: Buffer.from(value), headers };
  return op === 'd' ? [record, { topic, key, value: null, headers }] : [record];
}
