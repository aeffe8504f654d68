import type pg from 'pg';
import type { Principal } from '#libs/governance/principal';
import type { PipelineStep, Row } from '#libs/postgres/exchange';
import { pipelineOn } from '#libs/postgres/pipeline';
import { rollBack } from '#libs/postgres/transaction';
import type { Logger } from '#libs/runtime/logger';
import type { Lines } from '../compile/stream.ts';
import { type Session, stepsOf } from '../session.ts';
import { FIRST_ROWS, RowCursor } from './row-cursor.ts';

export interface RowStreamsOptions {
  /** Connections for reads that nobody knows the length of, apart from those of everything else: a slow client keeps one. */
  pool: pg.Pool;
  /** Longest time that a client may take to read on, ms. */
  stallMs: number;
  logger: Logger;
}

export interface StreamCall {
  governed: boolean;
  principal: Principal;
  session: Session;
  lines: Lines;
}

export interface OpenStream {
  cursor: RowCursor;
  total: number | null;
  /** The rows of each statement that the session has after the read. */
  after: Row[][];
}

/** Reads of any length, row by row, under the caller's role: a cursor in a read-only transaction, on one snapshot. */
export class RowStreams {
  readonly stallMs: number;
  readonly logger: Logger;
  readonly #pool: pg.Pool;

  constructor({ pool, stallMs, logger }: RowStreamsOptions) {
    this.#pool = pool;
    this.stallMs = stallMs;
    this.logger = logger;
  }

  /** All up to the first rows in one round trip. What is refused is refused here, before anything was answered. */
  async open({ governed, principal, session, lines }: StreamCall): Promise<OpenStream> {
    const { before, after } = stepsOf(session);
    const steps = [BEGIN, become(governed, principal), ...before, ...stepsFor(lines), ...after];
    const client = await this.#pool.connect();
    try {
      const results = await pipelineOn(client, steps);
      const place = 2 + before.length;
      const total = results[place]?.[0]?.[0] ?? null;
      const cursor = new RowCursor(client, results[place + 2] ?? []);
      return { cursor, total: total === null ? null : Number(total), after: results.slice(place + 3) };
    } catch (error) {
      await rollBack(client);
      throw error;
    }
  }
}

const BEGIN: PipelineStep = { text: 'begin isolation level repeatable read read only', values: [] };

/** The role comes last: what is before it is the login's to do. A cursor is planned for all of its rows. */
function become(governed: boolean, { role, claims }: Principal): PipelineStep {
  const text = `select pg_catalog.set_config('cursor_tuple_fraction', '1', true), pg_catalog.set_config('request.jwt.claims', $1, true), pg_catalog.set_config('role', $2, true)`;
  return { name: 'lakeloop.stream', text, values: [JSON.stringify(governed ? claims : { ...claims, role }), role] };
}

function stepsFor({ lines, total }: Lines): PipelineStep[] {
  return [
    { text: total.text, values: total.parameters },
    { text: `declare rows no scroll cursor for ${lines.text}`, values: lines.parameters },
    { text: `fetch forward ${FIRST_ROWS} from rows`, values: [] },
  ];
}
