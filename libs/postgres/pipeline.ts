import type pg from 'pg';
import { parse } from 'pg-connection-string';
import { serialize } from 'pg-protocol';
import { type Lanes, lanesFor } from './lanes.ts';

/** One statement of a pipeline. All parameters and results are text. */
export interface PipelineStep {
  text: string;
  values: readonly (string | null)[];
  /** Object ids of the parameters' types, where the text leaves them open. */
  types?: readonly number[];
  /** Prepared once in each session under this name, which stands for this text alone. Absent: parsed each time. */
  name?: string;
}

/** A value of a result, as text. */
export type Row = readonly (string | null)[];

/** Names beyond this many in one session are not prepared: each keeps a plan in the server's memory. */
const MOST_PREPARED = 256;
/** "prepared statement does not exist" / "already exists": a pooler or DISCARD has changed the session behind our back. */
const SESSION_CHANGED = new Set(['26000', '42P05']);

/**
 * Statements that go to the server in one write and come back in one read, as one transaction: the server ends it at the single Sync, and runs none
 * after one that fails (PostgreSQL manual, "Pipelining" in "Message Flow"). Resolves with the rows of each statement once it is committed; rejects with
 * the server's error once it is rolled back.
 */
export function pipeline(pool: pg.Pool, steps: readonly PipelineStep[]): Promise<Row[][]> {
  let lanes = LANES.get(pool);
  if (!lanes) LANES.set(pool, (lanes = lanesFor(hostOf(pool))));
  return lanes.run(() => exchange(pool, steps));
}

/**
 * The same on a connection that the caller holds: one write, one read. A `begin` among the steps opens a transaction that stays open behind them, for the
 * caller to end.
 */
export function pipelineOn(client: pg.PoolClient, steps: readonly PipelineStep[]): Promise<Row[][]> {
  return submit(client, steps);
}

const LANES = new WeakMap<pg.Pool, Lanes>();

function hostOf({ options: { host, connectionString } }: pg.Pool): string | undefined {
  return host ?? (connectionString === undefined ? undefined : (parse(connectionString).host ?? undefined));
}

async function exchange(pool: pg.Pool, steps: readonly PipelineStep[]): Promise<Row[][]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await submit(client, steps);
  } catch (error) {
    if (SESSION_CHANGED.has(codeOf(error))) {
      PREPARED.delete(client);
      return await submit(client, steps);
    }
    if (endsSession(error)) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** What each session has prepared. */
const PREPARED = new WeakMap<pg.PoolClient, Set<string>>();

function submit(client: pg.PoolClient, steps: readonly PipelineStep[]): Promise<Row[][]> {
  let prepared = PREPARED.get(client);
  if (!prepared) PREPARED.set(client, (prepared = new Set()));
  const exchange = new Exchange(steps, prepared);
  client.query(exchange);
  return exchange.done;
}

/** One pipeline on one connection, as pg's client drives a query of its own kind ("Submittable", as pg-cursor is). */
class Exchange implements pg.Submittable {
  readonly done: Promise<Row[][]>;
  readonly #steps: readonly PipelineStep[];
  readonly #prepared: Set<string>;
  readonly #rows: Row[][];
  readonly #settle = Promise.withResolvers<Row[][]>();
  #current = 0;

  constructor(steps: readonly PipelineStep[], prepared: Set<string>) {
    this.#steps = steps;
    this.#prepared = prepared;
    this.#rows = steps.map(() => []);
    this.done = this.#settle.promise;
  }

  /** One buffer, one write: a vector of small ones costs the kernel several times as much. */
  submit(connection: pg.Connection): void {
    const messages = this.#steps.flatMap((step) => this.#messagesOf(step));
    connection.stream.write(Buffer.concat([...messages, serialize.sync()]));
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows[this.#current]?.push(message.fields);
  }

  handleCommandComplete(): void {
    const name = this.#steps[this.#current]?.name;
    if (name !== undefined && this.#prepared.size < MOST_PREPARED) this.#prepared.add(name);
    this.#current += 1;
  }

  handleError(error: Error): void {
    this.#settle.reject(error);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(this.#rows);
  }

  /** Describe is never sent: who asks knows the columns. */
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  #messagesOf({ name = '', text, values, types = [] }: PipelineStep): Buffer[] {
    const keep = this.#prepared.has(name) || (name !== '' && this.#prepared.size < MOST_PREPARED);
    const statement = keep ? name : '';
    const run = [serialize.bind({ statement, values: [...values] }), serialize.execute({})];
    if (this.#prepared.has(name)) return run;
    const parse = serialize.parse({ name: statement, text, types: [...types] });
    // An earlier attempt may have been parsed and then failed: closing what is not there is no error.
    return statement === '' ? [parse, ...run] : [serialize.close({ type: 'S', name: statement }), parse, ...run];
  }
}

/** Without a code the connection itself failed; a FATAL error is the session's last word. */
function endsSession(error: unknown): boolean {
  return codeOf(error) === '' || ['FATAL', 'PANIC'].includes((error as { severity?: string }).severity ?? '');
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
