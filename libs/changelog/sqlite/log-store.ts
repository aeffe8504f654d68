import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { partitionIdOf, offsetOf, rowId } from './partition-rows.ts';
import { STRIDE, type AppendReply, type PackedRecords, type TopicState } from './protocol.ts';

interface WriterPartition {
  id: number;
  next: number;
  compact: boolean;
}

/** How long a tombstone outlives what it deleted, ms: Kafka's delete.retention.ms. */
const TOMBSTONE_MS = 86_400_000;

/** The writer thread's tables. Nothing here begins or commits: callers group calls into transactions. */
export class LogStore {
  readonly #db: DatabaseSync;
  readonly #partitions = new Map<number, WriterPartition>();
  /** Offsets handed out by the open transaction; they count once it commits. */
  readonly #pendingNext = new Map<number, number>();
  readonly #insert: StatementSync;
  readonly #newest: StatementSync;
  readonly #setNewest: StatementSync;
  readonly #supersede: StatementSync;
  readonly #setCommitted: StatementSync;
  readonly #getCommitted: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insert = db.prepare('insert into record (id, at, key, value, headers) values (?, ?, ?, ?, ?)');
    this.#newest = db.prepare('select id from newest where partition_id = ? and key = ?');
    this.#newest.setReadBigInts(true);
    this.#setNewest = db.prepare('insert into newest (partition_id, key, id) values (?, ?, ?) on conflict do update set id = excluded.id');
    this.#supersede = db.prepare('insert into superseded (id, due) values (?, ?) on conflict do update set due = min(due, excluded.due)');
    this.#setCommitted = db.prepare('insert into committed (group_name, partition_id, next) values (?, ?, ?) on conflict do update set next = excluded.next');
    this.#getCommitted = db.prepare('select next from committed where group_name = ? and partition_id = ?');
  }

  generation(): string {
    return (this.#db.prepare("select value from meta where name = 'generation'").get() as { value: string }).value;
  }

  /** All topics with their bounds; remembers the partitions. */
  load(): TopicState[] {
    const topics = this.#db.prepare('select name, cleanup from topic order by id').all() as { name: string; cleanup: 'delete' | 'compact' }[];
    return topics.map(({ name, cleanup }) => ({ name, cleanup, partitions: this.#loadPartitions(name, cleanup) }));
  }

  /** Creates a topic or returns it as it is. */
  ensureTopic(name: string, partitions: number, cleanup: 'delete' | 'compact', retentionMs: number | null): TopicState {
    const existing = this.#db.prepare('select cleanup from topic where name = ?').get(name) as { cleanup: 'delete' | 'compact' } | undefined;
    if (existing) return { name, cleanup: existing.cleanup, partitions: this.#loadPartitions(name, existing.cleanup) };
    const { id } = this.#db
      .prepare('insert into topic (name, partitions, cleanup, retention_ms) values (?, ?, ?, ?) returning id')
      .get(name, partitions, cleanup, retentionMs) as { id: number };
    const insert = this.#db.prepare('insert into partition (topic_id, number) values (?, ?)');
    for (let number = 0; number < partitions; number += 1) insert.run(id, number);
    return { name, cleanup, partitions: this.#loadPartitions(name, cleanup) };
  }

  #loadPartitions(topic: string, cleanup: string): TopicState['partitions'] {
    const rows = this.#db
      .prepare('select p.id, p.earliest, p.next_floor as floor from partition p join topic t on t.id = p.topic_id where t.name = ? order by p.number')
      .all(topic) as { id: number; earliest: number; floor: number }[];
    return rows.map(({ id, earliest, floor }) => {
      const next = this.#partitions.get(id)?.next ?? Math.max(floor, this.#lastOffset(id) + 1);
      this.#partitions.set(id, { id, next, compact: cleanup === 'compact' });
      return { id, earliest, next };
    });
  }

  #lastOffset(partitionId: number): number {
    const select = this.#db.prepare('select max(id) as id from record where id >= ? and id < ?');
    select.setReadBigInts(true);
    const { id } = select.get(rowId(partitionId, 0), rowId(partitionId + 1, 0)) as { id: bigint | null };
    return id === null ? -1 : offsetOf(id);
  }

  epochOf(producer: string): number {
    return (this.#db.prepare('select epoch from producer where name = ?').get(producer) as { epoch: number } | undefined)?.epoch ?? 0;
  }

  /** A new epoch, which fences those before it. */
  nextEpoch(producer: string): number {
    const row = this.#db.prepare('insert into producer (name, epoch) values (?, 1) on conflict do update set epoch = epoch + 1 returning epoch').get(producer);
    return (row as { epoch: number }).epoch;
  }

  append({ meta, bytes }: PackedRecords, at: number): AppendReply {
    const starts = new Map<number, number>();
    let position = 0;
    const take = (length: number): Uint8Array | null => {
      if (length < 0) return null;
      position += length;
      return bytes.subarray(position - length, position);
    };
    for (let m = 0; m < meta.length; m += STRIDE) {
      const partition = this.#partitions.get(meta[m]!)!;
      const offset = this.#pendingNext.get(partition.id) ?? partition.next;
      if (!starts.has(partition.id)) starts.set(partition.id, offset);
      const id = rowId(partition.id, offset);
      const key = take(meta[m + 2]!);
      const value = take(meta[m + 3]!);
      this.#insert.run(id, at, key, value, Buffer.from(take(meta[m + 4]!)!).toString());
      if (partition.compact && key) this.#supersedeBy(id, partition.id, key, value === null, at);
      this.#pendingNext.set(partition.id, offset + 1);
    }
    return { timestampMs: at, starts: [...starts] };
  }

  #supersedeBy(id: bigint, partitionId: number, key: Uint8Array, tombstone: boolean, at: number): void {
    const older = this.#newest.get(partitionId, key) as { id: bigint } | undefined;
    if (older) this.#supersede.run(older.id, at);
    this.#setNewest.run(partitionId, key, id);
    if (tombstone) this.#supersede.run(id, at + TOMBSTONE_MS);
  }

  setCommitted(group: string, partitionId: number, next: number): void {
    this.#setCommitted.run(group, partitionId, next);
  }

  committed(group: string, partitionId: number): number | null {
    return (this.#getCommitted.get(group, partitionId) as { next: number } | undefined)?.next ?? null;
  }

  /** To be called after the transaction has ended: keeps or forgets the offsets it handed out. */
  settle(committed: boolean): void {
    if (committed) for (const [id, next] of this.#pendingNext) this.#partitions.get(id)!.next = next;
    this.#pendingNext.clear();
  }

  /** Removes up to `limit` expired records of `delete` topics; tells which partitions start later now. */
  trim(now: number, limit: number): [partitionId: number, earliest: number][] {
    const expired = this.#db.prepare(`
      select p.id, t.retention_ms as retention, p.earliest from partition p join topic t on t.id = p.topic_id
      where t.cleanup = 'delete' and t.retention_ms is not null`);
    const moved: [number, number][] = [];
    for (const { id, retention, earliest } of expired.all() as { id: number; retention: number; earliest: number }[]) {
      const start = this.#firstKept(id, earliest, now - retention, limit);
      if (start === earliest) continue;
      this.#db.prepare('delete from record where id >= ? and id < ?').run(rowId(id, earliest), rowId(id, start));
      this.#db.prepare('update partition set earliest = ?, next_floor = max(next_floor, ?) where id = ?').run(start, start, id);
      moved.push([id, start]);
    }
    return moved;
  }

  #firstKept(partitionId: number, earliest: number, cutoff: number, limit: number): number {
    const select = this.#db.prepare('select at from record where id >= ? and id < ? order by id limit ?');
    const rows = select.all(rowId(partitionId, earliest), rowId(partitionId + 1, 0), limit) as { at: number }[];
    const kept = rows.findIndex(({ at }) => at >= cutoff);
    return earliest + (kept < 0 ? rows.length : kept);
  }

  /** Removes up to `limit` superseded records of `compact` topics, and old tombstones with their key. Returns how many. */
  compact(now: number, limit: number): number {
    const due = this.#db.prepare('select id from superseded where due <= ? order by due limit ?');
    due.setReadBigInts(true);
    const rows = due.all(now, limit) as { id: bigint }[];
    const forget = this.#db.prepare('delete from newest where partition_id = ? and key = (select key from record where id = ?) and id = ?');
    const remove = this.#db.prepare('delete from record where id = ?');
    const done = this.#db.prepare('delete from superseded where id = ?');
    const floor = this.#db.prepare('update partition set next_floor = max(next_floor, ?) where id = ?');
    for (const { id } of rows) {
      if (forget.run(partitionIdOf(id), id, id).changes > 0) floor.run(offsetOf(id) + 1, partitionIdOf(id));
      remove.run(id);
      done.run(id);
    }
    return rows.length;
  }
}
