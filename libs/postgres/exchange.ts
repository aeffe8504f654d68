import type pg from 'pg';
import { serialize } from 'pg-protocol';

/** One statement of a transaction. All parameters and results are text. */
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
 * Transactions on one connection, each with a Sync of its own, sent in one write (PostgreSQL manual, "Pipelining" in "Message Flow"): one that fails takes
 * none of the others with it. Settles with the rows of each statement of each, in their order; a connection that breaks fails all that have not ended.
 */
export function exchange(client: pg.PoolClient, transactions: readonly (readonly PipelineStep[])[]): Promise<PromiseSettledResult<Row[][]>[]> {
  const prepared = preparedIn(client);
  const exchanges = transactions.map((steps) => new Exchange(client, steps, prepared));
  exchanges.forEach((each, index) => each.leads(exchanges[index + 1]));
  const bytes = Buffer.concat(exchanges.flatMap((each) => each.messages()));
  const [first] = exchanges;
  first?.sends(bytes);
  return Promise.allSettled(exchanges.map(({ done }) => done));
}

/** Whether the session may no longer have what it had prepared: forgotten here too, so that the same steps can be tried again. */
export function sessionChanged(client: pg.PoolClient, error: unknown): boolean {
  const changed = SESSION_CHANGED.has(codeOf(error));
  if (changed) PREPARED.delete(client);
  return changed;
}

/** What the server says has a severity, of which FATAL is its last word; any other error is the connection's own (ECONNRESET and the like). */
export function endsSession(error: unknown): boolean {
  const { severity } = (error ?? {}) as { severity?: unknown };
  return typeof severity !== 'string' || ['FATAL', 'PANIC'].includes(severity);
}

/** What each session has prepared. */
const PREPARED = new WeakMap<pg.PoolClient, Set<string>>();

function preparedIn(client: pg.PoolClient): Set<string> {
  let prepared = PREPARED.get(client);
  if (!prepared) PREPARED.set(client, (prepared = new Set()));
  return prepared;
}

/**
 * One transaction, as pg's client drives a query of its own kind ("Submittable", as pg-cursor is). The first writes for all; each next one becomes the
 * client's query when the one before it has ended, and only reads.
 */
class Exchange implements pg.Submittable {
  readonly done: Promise<Row[][]>;
  readonly #client: pg.PoolClient;
  readonly #steps: readonly PipelineStep[];
  readonly #prepared: Set<string>;
  readonly #rows: Row[][];
  readonly #settle = Promise.withResolvers<Row[][]>();
  #current = 0;
  #bytes: Buffer | undefined;
  #next: Exchange | undefined;

  constructor(client: pg.PoolClient, steps: readonly PipelineStep[], prepared: Set<string>) {
    this.#client = client;
    this.#steps = steps;
    this.#prepared = prepared;
    this.#rows = steps.map(() => []);
    this.done = this.#settle.promise;
  }

  leads(next: Exchange | undefined): void {
    this.#next = next;
  }

  sends(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#client.query(this);
  }

  messages(): Buffer[] {
    return [...this.#steps.flatMap((step) => this.#messagesOf(step)), serialize.sync()];
  }

  /** One buffer, one write: a vector of small ones costs the kernel several times as much. */
  submit(connection: pg.Connection): void {
    if (this.#bytes) connection.stream.write(this.#bytes);
    this.#bytes = undefined;
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows[this.#current]?.push(message.fields);
  }

  handleCommandComplete(): void {
    const name = this.#steps[this.#current]?.name;
    if (name !== undefined && this.#prepared.size < MOST_PREPARED) this.#prepared.add(name);
    this.#current += 1;
  }

  /** The client has let go of this one: the next is its query from the Sync on, unless nothing comes any more. */
  handleError(error: Error): void {
    this.#settle.reject(error);
    const next = this.#next;
    this.#next = undefined;
    if (endsSession(error)) next?.handleError(error);
    else if (next) this.#client.query(next);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(this.#rows);
    if (this.#next) this.#client.query(this.#next);
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

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
