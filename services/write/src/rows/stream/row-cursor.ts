import type pg from 'pg';
import type { Row } from '#libs/postgres/exchange';
import { pipelineOn } from '#libs/postgres/pipeline';
import { rollBack } from '#libs/postgres/transaction';
import type { Statement } from '../compile/statement.ts';

/** Text of a fetch, characters: what is held of an answer at any time. */
const PIECE = 256 * 1024;
/** Rows of the first fetch, when nobody knows how long they are. */
export const FIRST_ROWS = 100;
const MOST_ROWS = 10_000;

/** A cursor in a transaction of its own, read as fast as somebody asks for more. */
export class RowCursor {
  readonly #client: pg.PoolClient;
  #held: readonly Row[];
  #rows: number;
  #ended: boolean;
  #busy = false;
  #closed = false;

  /** `first`: what the first fetch of `FIRST_ROWS` brought. */
  constructor(client: pg.PoolClient, first: readonly Row[]) {
    this.#client = client;
    this.#held = first;
    this.#ended = first.length < FIRST_ROWS;
    this.#rows = rowsFor(first);
  }

  /** Whether PostgreSQL has said that there are no more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next rows, some 256 KiB of them; none at the end. */
  async next(): Promise<readonly Row[]> {
    if (this.#held.length > 0) {
      const held = this.#held;
      this.#held = [];
      return held;
    }
    if (this.#ended) return [];
    const rows = await this.#ask([{ text: `fetch forward ${this.#rows} from rows`, values: [] }]);
    this.#ended = rows.length < this.#rows;
    this.#rows = rowsFor(rows);
    return rows;
  }

  /** The one number of a statement, on the rows that the cursor sees. */
  async count({ text, parameters }: Statement): Promise<number> {
    const [[count = null] = []] = await this.#ask([{ text, values: parameters }]);
    return Number(count);
  }

  /** Names and types of a statement's columns. */
  async describe({ text, parameters }: Statement): Promise<pg.FieldDef[]> {
    return (await this.#client.query({ text, values: [...parameters] })).fields;
  }

  /** Idempotent. A fetch that still runs ends with its connection. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#busy) return this.#client.release(true);
    await rollBack(this.#client);
  }

  async #ask(steps: Parameters<typeof pipelineOn>[1]): Promise<Row[]> {
    this.#busy = true;
    const [rows = []] = await pipelineOn(this.#client, steps);
    this.#busy = false;
    return rows;
  }
}

/** As many as make a piece, by the length of the last ones. */
function rowsFor(rows: readonly Row[]): number {
  const characters = rows.reduce((sum, row) => sum + (row[0]?.length ?? 0) + 1, 0);
  return rows.length === 0 ? FIRST_ROWS : Math.max(1, Math.min(MOST_ROWS, Math.floor((PIECE * rows.length) / characters)));
}
