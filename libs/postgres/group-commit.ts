import { availableParallelism } from 'node:os';
import type pg from 'pg';
import { endsSession, exchange, type PipelineStep, type Row, sessionChanged } from './exchange.ts';
import { Lanes, lanesOf, sharesMachine } from './lanes.ts';
import { pipelineAnew, withClient } from './pipeline.ts';

/** A short transaction that others may share an exchange, and a flush, with. */
export interface GroupedTransaction {
  /** As it runs by itself. */
  alone: readonly PipelineStep[];
  /**
   * The same in a group: with `wal`, the `synchronous_commit` that it has to set for itself, or null where it leaves the session's; and without waiting for
   * a lock, since others wait behind it. What fails here is tried again alone, whatever the error.
   */
  grouped: (wal: 'off' | null) => readonly PipelineStep[];
  /** It writes nothing: there is nothing to flush. */
  readOnly?: boolean;
  /**
   * How it begins, where that is its first step and all that it needs: reads that begin alike run behind one beginning, in one transaction. Each statement
   * still has a snapshot of its own, as under read committed.
   */
  alike?: string | undefined;
}

/** At most this many transactions in a group: the first one's answer waits for the last one's flush. */
const MOST_IN_GROUP = 8;
/**
 * Groups in flight where the server shares this machine: one for each core, and two at least, so that while one flushes another runs. On two cores, quiet,
 * governed inserts of sixteen clients ran at 61 % of bare ones with two groups, 59 with three, 53 with four, 49 with eight, and 47 with no groups at all.
 */
const GROUPS_ON_THIS_MACHINE = Math.max(2, availableParallelism());
/** A transaction that takes longer than this is not short: the next one like it goes alone, ms. */
const SHORT_MS = 25;
/** Kinds known to be long; beyond that many, all are tried anew. */
const MOST_KINDS = 1_000;

/**
 * Group commit at the client: transactions that wait for a turn go to the server together, one after the other on one session, each with a Sync of its
 * own. All but the last commit without waiting for the disk (`synchronous_commit = off`), and the last one's flush covers them, because the log is flushed in
 * its order (PostgreSQL manual, "Asynchronous Commit"); none is answered before that flush. So they are as separate and as durable as they would be alone, for
 * one flush, one write and one read. Where nothing waits, nothing is grouped.
 *
 * Rows of a transaction that is not on disk yet can be seen by others for the moment until it is, as under `synchronous_commit = off`; whoever writes
 * after seeing them flushes them too, and replication never has them sooner.
 */
export class GroupCommit {
  readonly #pool: pg.Pool;
  /** Turns of groups; one that waits for something leaves its turn to the next. */
  readonly #turns: Lanes;
  readonly #waiting: Waiting[] = [];
  readonly #long = new Set<string>();

  /** `most`: groups in flight. */
  constructor(pool: pg.Pool, most = sharesMachine(pool) ? GROUPS_ON_THIS_MACHINE : (pool.options.max ?? 10)) {
    this.#pool = pool;
    this.#turns = new Lanes(most);
  }

  /** Rows of each statement, once the transaction is on disk; rejects as `pipeline` does. Transactions of one `kind` take about as long. */
  async run(kind: string, transaction: GroupedTransaction): Promise<Row[][]> {
    if (!this.#long.has(kind)) {
      const { promise, resolve, reject } = Promise.withResolvers<Row[][] | undefined>();
      this.#waiting.push({ kind, transaction, resolve, reject });
      void this.#turns.run(() => this.#depart());
      const rows = await promise;
      if (rows) return rows;
    }
    return lanesOf(this.#pool).run(() => withClient(this.#pool, (client) => this.#timed([kind], () => pipelineAnew(client, transaction.alone))));
  }

  /** Never rejects: what happens to a group is told to its members. Those that came while others waited have been taken along. */
  async #depart(): Promise<void> {
    if (this.#waiting.length > 0) await lanesOf(this.#pool).run(() => this.#send(this.#waiting.splice(0, MOST_IN_GROUP)));
  }

  async #send(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return;
    const kinds = group.map(({ kind }) => kind);
    try {
      const ended = await withClient(this.#pool, (client) => this.#timed(kinds, () => commit(client, group)));
      for (const [index, { resolve }] of group.entries()) resolve(ended[index]);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** Learns whether transactions of these kinds are short. */
  async #timed<T>(kinds: readonly string[], work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const long = performance.now() - started > SHORT_MS * kinds.length;
      if (this.#long.size >= MOST_KINDS) this.#long.clear();
      for (const kind of kinds)
        if (long) this.#long.add(kind);
        else this.#long.delete(kind);
    }
  }
}

interface Waiting {
  kind: string;
  transaction: GroupedTransaction;
  /** Undefined: to be tried again alone. */
  resolve: (rows: Row[][] | undefined) => void;
  reject: (error: unknown) => void;
}

/** Rows of each member; undefined for one that failed. Throws when the session ended: then nobody knows what is on disk. */
async function commit(client: pg.PoolClient, group: readonly Waiting[]): Promise<(Row[][] | undefined)[]> {
  const [only] = group;
  if (only && group.length === 1) return [await pipelineAnew(client, only.transaction.alone)];
  const last = group.findLastIndex(({ transaction }) => !transaction.readOnly);
  const joined = joinAlike(group.map(({ transaction }, index) => ({ alike: transaction.alike, steps: transaction.grouped(index < last ? 'off' : null) })));
  const ended = await exchange(
    client,
    joined.map(({ steps }) => steps),
  );
  for (const each of ended) if (each.status === 'rejected' && !sessionChanged(client, each.reason) && endsSession(each.reason)) throw each.reason;
  const rows = rowsOf(joined, ended);
  if (last >= 0 && !rows[last] && group.some(({ transaction }, index) => rows[index] && !transaction.readOnly)) await pipelineAnew(client, [FLUSH]);
  return rows;
}

/** One transaction, with what each member has of it: its beginning, and steps of its own. */
interface Joined {
  steps: PipelineStep[];
  members: { index: number; from: number; to: number }[];
}

function joinAlike(transactions: readonly { alike: string | undefined; steps: readonly PipelineStep[] }[]): Joined[] {
  const joined = new Map<string | number, Joined>();
  for (const [index, { alike = index, steps }] of transactions.entries()) {
    const [beginning, ...own] = steps as readonly [PipelineStep, ...PipelineStep[]];
    const found = joined.get(alike) ?? { steps: [beginning], members: [] };
    joined.set(alike, found);
    const from = found.steps.length;
    found.steps.push(...own);
    found.members.push({ index, from, to: found.steps.length });
  }
  return [...joined.values()];
}

/** Of each member, by its index; none where its transaction failed. */
function rowsOf(joined: readonly Joined[], ended: readonly PromiseSettledResult<Row[][]>[]): (Row[][] | undefined)[] {
  const rows: (Row[][] | undefined)[] = [];
  for (const [place, { members }] of joined.entries()) {
    const each = ended[place];
    if (each?.status === 'fulfilled') for (const { index, from, to } of members) rows[index] = [...each.value.slice(0, 1), ...each.value.slice(from, to)];
  }
  return rows;
}

/** Where the last one failed: something else has to bring what is before it to the disk. A commit does when its transaction has written to the log. */
const FLUSH: PipelineStep = { name: 'lakeloop.flush', text: `select pg_logical_emit_message(true, 'lakeloop.flush', '')`, values: [] };
