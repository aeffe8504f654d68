import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { EditStand, Reply } from './stand.ts';

/** Writers: two by SQL, one over HTTP. Each has rows of its own, so that the journal knows what must be there. */
const WRITERS = 3;
const OVER_HTTP = 2;

export interface Journal {
  /** Last amount of each row that was written, as text; null: deleted. */
  amounts: Map<number, string | null>;
  /** Writes that were acknowledged, by operation. */
  done: Record<'insert' | 'update' | 'delete', number>;
  /** What was refused though nothing was wrong with it. */
  refused: string[];
}

export interface WritersPlan {
  stand: EditStand;
  random: () => number;
  /** Rows at the beginning: 1 … rows. */
  rows: number;
}

/** People who change a table that is being edited. Values are good for the old type and for the new one. */
export class Writers {
  readonly journal: Journal = { amounts: new Map(), done: { insert: 0, update: 0, delete: 0 }, refused: [] };
  readonly #plan: WritersPlan;
  readonly #clients: pg.Client[] = [];
  /** Rows that each has inserted and not deleted. */
  readonly #own: number[][] = Array.from({ length: WRITERS }, () => []);
  #next: number;
  #stopping = true;
  #running: Promise<unknown> = Promise.resolve();

  constructor(plan: WritersPlan) {
    this.#plan = plan;
    // Amounts are unique; those of the beginning are the ids.
    this.#next = plan.rows;
  }

  async start(): Promise<void> {
    while (this.#clients.length < OVER_HTTP) this.#clients.push(await this.#plan.stand.connect());
    this.#stopping = false;
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)));
  }

  /** Resolves once the last write is acknowledged. */
  async pause(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await this.pause();
    for (const client of this.#clients) await client.end();
  }

  /** A row that PostgreSQL takes today and not as the edit shall have it; resolves with its id. */
  async insertBad(amount: string): Promise<number> {
    const { rows } = await this.#plan.stand.psql.query<{ id: string }>(`insert into app.orders (name, amount) values ('bad', '${amount}') returning id`);
    const id = Number(rows[0]?.id);
    this.#note('insert', id, amount);
    return id;
  }

  async delete(id: number): Promise<void> {
    await this.#plan.stand.psql.query('delete from app.orders where id = $1', [id]);
    this.#note('delete', id, null);
  }

  #note(operation: keyof Journal['done'], id: number, amount: string | null): void {
    this.journal.amounts.set(id, amount);
    this.journal.done[operation] += 1;
  }

  async #write(writer: number): Promise<void> {
    const { random } = this.#plan;
    const own = this.#own[writer] as number[];
    const via = writer === OVER_HTTP ? this.#overHttp() : this.#bySql(this.#clients[writer] as pg.Client);
    while (!this.#stopping) {
      const [choice, amount] = [random(), String((this.#next += 1))];
      if (choice < 0.2) {
        const id = await via.insert(amount);
        if (id === undefined) continue;
        own.push(id);
        this.#note('insert', id, amount);
      } else if (choice < 0.3 && own.length > 0) {
        const id = own.shift() as number;
        if (await via.delete(id)) this.#note('delete', id, null);
      } else {
        const id = this.#pick(writer);
        if (await via.update(id, amount)) this.#note('update', id, amount);
      }
      await delay(2);
    }
  }

  /** One of the rows of the beginning that are this writer's. */
  #pick(writer: number): number {
    const { random, rows } = this.#plan;
    return 1 + writer + WRITERS * Math.floor(random() * Math.floor(rows / WRITERS));
  }

  #bySql(client: pg.Client): Way {
    return {
      insert: async (amount) =>
        Number((await client.query<{ id: string }>(`insert into app.orders (name, amount) values ('new', '${amount}') returning id`)).rows[0]?.id),
      update: async (id, amount) => (await client.query(`update app.orders set amount = '${amount}' where id = ${id}`)).rowCount === 1,
      delete: async (id) => (await client.query(`delete from app.orders where id = ${id}`)).rowCount === 1,
    };
  }

  #overHttp(): Way {
    return {
      insert: async (amount) => {
        const reply = await this.#surely('POST', '/rest/v1/orders?select=id', { name: 'new', amount });
        return (reply?.body as { id: number }[] | undefined)?.[0]?.id;
      },
      update: async (id, amount) => (await this.#surely('PATCH', `/rest/v1/orders?id=eq.${id}`, { amount })) !== undefined,
      delete: async (id) => (await this.#surely('DELETE', `/rest/v1/orders?id=eq.${id}`)) !== undefined,
    };
  }

  /** Repeats a request under its key until it is acknowledged: the service is killed again and again. Undefined where it was refused. */
  async #surely(method: string, path: string, body?: unknown): Promise<Reply | undefined> {
    const headers = { 'idempotency-key': randomUUID(), prefer: 'return=representation' };
    for (;;) {
      const reply = await this.#plan.stand.call(method, path, { headers, body }).catch(() => undefined);
      if (reply !== undefined && reply.status < 300) return reply;
      const twin = reply?.status === 409 && JSON.stringify(reply.body).includes('PGRST132');
      if (reply !== undefined && reply.status < 500 && !twin) {
        this.journal.refused.push(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
        return undefined;
      }
      await delay(20);
    }
  }
}

interface Way {
  insert: (amount: string) => Promise<number | undefined>;
  update: (id: number, amount: string) => Promise<boolean>;
  delete: (id: number) => Promise<boolean>;
}
