import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import type { RelationMessage } from '#libs/pgoutput/message';
import { quoteTable } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import type { Relation } from '../change/relation.ts';
import { textKeyJson, textRowJson } from '../change/row.ts';
import { ChunkCursor, type ChunkText, oneStatement } from './chunk-cursor.ts';
import { bothConditions, CHUNK_BLOCKS, type ChunkBounds, estimateQuery, lastKeyQuery, type SnapshotTable } from './chunk-query.ts';
import { expectKey, keyCondition } from './key-condition.ts';
import { type LoadedTable, loadTable } from './load-table.ts';
import { type ChunkRow, WATERMARK_PREFIX, type WindowOutcome, type Windows } from '../change/windows.ts';

export interface ChunkReaderOptions {
  /** Its sessions have SESSION_SETTINGS, and row security off. */
  pool: pg.Pool;
  publication: string;
  windows: Windows;
  /** Completes a description from the catalogue, and makes the topic. */
  resolve: (message: RelationMessage) => Promise<Relation>;
  /** Most rows of a chunk, and about the most bytes. */
  maxRows: number;
  maxBytes: number;
  /** A larger row is not read whole, and parked. */
  maxRowBytes: number;
}

/** A chunk that is about to be read. */
export interface OpenChunk {
  id: string;
  /** The table as it was when the window opened. */
  before: LoadedTable;
  relation: Relation;
  outcome: Promise<WindowOutcome>;
}

export interface ReadChunk {
  rows: number;
  /** Where the next one begins; null when this was the last. */
  next: readonly string[] | null;
  /** Its high mark is in the log. */
  marked: Promise<unknown>;
  /** What became of it in the stream. Rejects when its high mark could not be written. */
  outcome: Promise<WindowOutcome>;
}

export interface Survey {
  /** Rows the planner expects. */
  estimatedRows: number;
  /** Where the table ends now; null when it is empty. */
  until: readonly string[] | null;
  order: string;
}

/** What is read: rows of a condition, and under one key. */
export interface Wanted {
  schema: string;
  table: string;
  /** SQL. */
  where: string | null;
  /** Of a record, JSON text. */
  key: string | null;
}

/** Places in the order of a snapshot's beginning say nothing any more: it is to begin anew. */
export class OrderChanged extends Error {}

const TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** Reads chunks of tables between two marks in the stream. Each in a transaction of its own: nothing is held while the stream catches up. */
export class ChunkReader {
  readonly #options: ChunkReaderOptions;

  constructor(options: ChunkReaderOptions) {
    this.#options = options;
  }

  /** What there is to read. Also says early what is wrong with a condition. */
  async survey({ schema, table, where: condition, key }: Wanted): Promise<Survey> {
    return this.#transaction(async (client) => {
      const { table: found, message } = await this.#load(client, schema, table);
      if (key !== null) expectKey(await this.#options.resolve(message), key);
      const where = bothConditions(condition, key === null ? null : keyCondition(message.columns, key));
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
        oneStatement({ text: estimateQuery(found, where), values: [] }),
      );
      return { estimatedRows: rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0, until: await this.#end(client, found), order: found.order };
    });
  }

  async #end(client: pg.ClientBase, table: SnapshotTable): Promise<readonly string[] | null> {
    const text = lastKeyQuery(table);
    if (text === null) return table.blocks > 0 ? [String(table.blocks)] : null;
    const { rows } = await client.query<string[]>({ text, rowMode: 'array', types: TEXT });
    return rows[0] ?? null;
  }

  /** Opens a chunk's window in the stream: what happens from here on is news to its rows. To be read, or forgotten. */
  async open({ schema, table }: Wanted): Promise<OpenChunk> {
    const { windows, resolve, pool, publication } = this.#options;
    const client = await pool.connect();
    const before = await loadTable(client, publication, { schema, table }).finally(() => client.release());
    if (!before) throw missing(schema, table, publication);
    const relation = await resolve(before.message);
    const id = randomUUID();
    const outcome = windows.expect(id, before.table.oid);
    try {
      await this.#mark(id, 'low');
    } catch (error) {
      windows.forget(id);
      throw error;
    }
    return { id, before, relation, outcome };
  }

  forget({ id }: OpenChunk): void {
    this.#options.windows.forget(id);
  }

  /**
   * Resolves once the chunk is read; its high mark is on its way, behind that of the chunk that was read before it. Throws `OrderChanged` where the bounds are of another
   * order (null: not known).
   */
  async read(opened: OpenChunk, target: Wanted & { order: string | null }, bounds: ChunkBounds, previous?: ReadChunk): Promise<ReadChunk> {
    const { id, before, relation } = opened;
    const { windows, resolve } = this.#options;
    try {
      const chunk = await this.#transaction(async (reader) => {
        // What is found out about the table holds until its rows are read, and it is not written anew behind the transaction's snapshot, which would find it empty.
        if (before.table.lockable) await reader.query(`lock table ${quoteTable(before.table)} in access share mode`);
        const now = await this.#load(reader, target.schema, target.table);
        if (target.order !== null && target.order !== now.table.order) throw new OrderChanged();
        const unchanged = JSON.stringify(now.message) === JSON.stringify(before.message);
        const where = bothConditions(target.where, target.key === null ? null : keyCondition(now.message.columns, target.key));
        return this.#select(reader, { table: now.table, relation: unchanged ? relation : await resolve(now.message), where, key: target.key, bounds });
      });
      windows.deposit(id, chunk);
      return { rows: chunk.rows.length, next: chunk.next, ...this.#close(opened, previous) };
    } catch (error) {
      windows.forget(id);
      throw error;
    }
  }

  /** Whoever reads on does not wait for the mark, but for what became of the chunk. */
  #close({ id, outcome }: OpenChunk, previous?: ReadChunk): Pick<ReadChunk, 'marked' | 'outcome'> {
    const marked = this.#markHigh(id, previous);
    const closed = marked.then(
      () => outcome,
      (error: unknown) => {
        this.#options.windows.forget(id);
        throw error;
      },
    );
    closed.catch(() => undefined);
    return { marked, outcome: closed };
  }

  async #markHigh(id: string, previous?: ReadChunk): Promise<void> {
    await hit('cdc.snapshot-before-high');
    await previous?.marked;
    await this.#mark(id, 'high');
  }

  async #select(
    client: pg.ClientBase,
    { table, relation, where, key, bounds }: { table: SnapshotTable; relation: Relation; where: string | null; key: string | null; bounds: ChunkBounds },
  ) {
    const { maxRows, maxBytes, maxRowBytes } = this.#options;
    const { rows: snapshots } = await client.query<{ xids: string[] }>(
      `select array(select (x::text::numeric % 4294967296)::text from pg_snapshot_xip(pg_current_snapshot()) x) as xids`,
    );
    const cursor = await ChunkCursor.open({ client, table, where, bounds, maxRowBytes, maxBytes });
    const keyed = table.key.length > 0;
    const positions = table.key.map(({ name }) => table.columns.indexOf(name));
    const rows: ChunkRow[] = [];
    let bytes = 0;
    let last: readonly (string | null)[] | undefined;
    try {
      while (!cursor.ended && (!keyed || (rows.length < maxRows && bytes < maxBytes))) {
        for (const read of await cursor.next(keyed ? maxRows - rows.length : maxRows)) {
          last = read.texts;
          const row = chunkRow(relation, read);
          // What SQL could not tell: a key's values are not always written as the server reads them.
          if (key !== null && row.key !== key) continue;
          bytes += row.after.length;
          rows.push(row);
        }
      }
    } finally {
      await cursor.close();
    }
    const next = keyed ? (cursor.ended ? null : positions.map((position) => last?.[position] ?? '')) : nextBlock(table, bounds);
    return { relation, rows, inProgress: new Set(snapshots[0]?.xids.map(Number)), next };
  }

  async #load(client: pg.ClientBase, schema: string, table: string): Promise<LoadedTable> {
    const found = await loadTable(client, this.#options.publication, { schema, table });
    if (!found) throw missing(schema, table, this.#options.publication);
    return found;
  }

  async #mark(id: string, edge: 'low' | 'high'): Promise<void> {
    await this.#options.pool.query('select pg_logical_emit_message(true, $1, $2)', [WATERMARK_PREFIX, JSON.stringify({ id, edge })]);
  }

  /** One snapshot, read only. The pool has the stream's own settings, so that a value's text is the same from both. */
  async #transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.#options.pool.connect();
    try {
      await client.query('begin isolation level repeatable read read only');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      );
      throw error;
    }
  }
}

function chunkRow(relation: Relation, { texts, trimmed }: ChunkText): ChunkRow {
  // A key whose values were left out is not known.
  const known = (columns: readonly number[]): string | null =>
    columns.some((index) => trimmed?.left.has(index)) ? null : textKeyJson(relation, columns, texts);
  const parked = trimmed && { bytes: trimmed.bytes, left: trimmed.left.size };
  const key = known(relation.key);
  const after = textRowJson(relation, texts, trimmed?.left);
  return { key, identity: relation.identity === relation.key ? key : known(relation.identity), after, parked };
}

function nextBlock({ blocks }: SnapshotTable, { after, until }: ChunkBounds): readonly string[] | null {
  const next = Number(after?.[0] ?? 0) + CHUNK_BLOCKS;
  return next < Number(until?.[0] ?? blocks) ? [String(next)] : null;
}

function missing(schema: string, table: string, publication: string): Failure {
  return new Failure('invalid-input', `${schema}.${table} is not in the publication ${publication}`, { detail: { schema, table } });
}
