import { createHash, hash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type pg from 'pg';
import type { Principal } from '#libs/governance/principal';
import { traceIdOf, type WriteContext } from '#libs/governance/write-context';
import type { Logger } from '#libs/runtime/logger';
import { ApiError } from '../rows/api-error.ts';
import { queryShape } from '../rows/query/query-shape.ts';
import { rowsIn } from '../rows/range.ts';
import { type AgentRead, ReadLog } from '../rows/read-log.ts';
import type { RowAnswer } from '../rows/row-request.ts';

const BEGIN = {
  name: 'lakeloop.agent-read',
  text: `insert into audit.agent_read_begin
  (id, actor, agent, on_behalf_of, role, home, table_schema, table_name, query, policy_version, rows, result_hash, request_id, trace_id, reason)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif(lakeloop.policy_version(), 0), $10, $11, $12, $13, $14)`,
};
const END = { name: 'lakeloop.agent-read-end', text: 'insert into audit.agent_read_end (id, result_hash) values ($1, $2)' };

/**
 * Reads of agents in `audit.agent_read`, by one INSERT as the service's login before the first row goes out (docs/rows.md). A whole answer is hashed at once; a
 * streamed one while it goes out, and its last piece waits until the hash is on record too.
 */
export class AgentReads extends ReadLog {
  readonly #pool: Pick<pg.Pool, 'query'>;
  readonly #logger: Logger;

  constructor(pool: Pick<pg.Pool, 'query'>, logger: Logger) {
    super();
    this.#pool = pool;
    this.#logger = logger;
  }

  async record(read: AgentRead): Promise<RowAnswer> {
    const { answer } = read;
    const id = randomUUID();
    const whole = answer.body instanceof Readable ? null : hash('sha256', answer.body ?? '', 'buffer');
    try {
      await this.#begin(id, seenOf(read), whole);
    } catch (error) {
      if (answer.body instanceof Readable) answer.body.destroy();
      throw error;
    }
    return answer.body instanceof Readable
      ? { ...answer, body: Readable.from(this.#hashed(id, answer.body), { objectMode: false, highWaterMark: 64 * 1024 }) }
      : answer;
  }

  /** As `record`, for a read that is not of a table's rows; `body` is the whole answer. */
  recordSeen(seen: Seen, body: string): Promise<void> {
    return this.recordHashed(seen, hash('sha256', body, 'buffer'));
  }

  /** As `recordSeen`, where the answer's SHA-256 is known beforehand. */
  recordHashed(seen: Seen, whole: Buffer): Promise<void> {
    return this.#begin(randomUUID(), seen, whole);
  }

  async #begin(id: string, seen: Seen, whole: Buffer | null): Promise<void> {
    try {
      await this.#pool.query({ ...BEGIN, values: valuesOf(id, seen, whole) });
    } catch (error) {
      this.#logger.error({ err: error, requestId: seen.context.requestId }, "an agent's read could not be recorded, and was refused");
      throw unrecorded();
    }
  }

  /** One piece behind, so that the last one goes out after the hash is on record. An error ends both: a client never takes half an answer for a whole one. */
  async *#hashed(id: string, body: Readable): AsyncGenerator<Buffer> {
    const digest = createHash('sha256');
    let held: Buffer | undefined;
    for await (const piece of body as AsyncIterable<Buffer>) {
      digest.update(piece);
      if (held) yield held;
      held = piece;
    }
    try {
      await this.#pool.query({ ...END, values: [id, digest.digest()] });
    } catch (error) {
      this.#logger.error({ err: error, read: id }, "the end of an agent's read could not be recorded, and its answer was broken off");
      throw error;
    }
    if (held) yield held;
  }
}

/** What an agent is about to see. `query`: what it asked, with ? for every value; `rows`: how many it gets. */
export interface Seen {
  principal: Principal;
  context: WriteContext;
  agent: string;
  home: AgentRead['home'];
  schema: string;
  table: string;
  query: string;
  rows: number;
}

function seenOf({ schema, table, parsed, caller, agent, home, answer }: AgentRead): Seen {
  const { principal, context } = caller;
  return {
    principal,
    context,
    agent,
    home,
    schema,
    table,
    query: queryShape({ ...parsed.query, ...parsed.range }),
    rows: answer.rows ?? rowsIn(answer.headers['content-range'] ?? '*'),
  };
}

function valuesOf(id: string, { principal, context, agent, home, schema, table, query, rows }: Seen, whole: Buffer | null): unknown[] {
  const who = [principal.subject, agent, principal.onBehalfOf ?? null, principal.role];
  const why = [context.requestId, traceIdOf(context.traceparent) ?? null, context.reason ?? null];
  return [id, ...who, home, schema, table, query, rows, whole, ...why];
}

function unrecorded(): ApiError {
  return new ApiError(503, 'PGRST133', "The read could not be recorded, and an agent's read is not answered without a record", {
    hint: 'Try again later. If it stays so, lakeloop init brings what the record needs.',
    headers: { 'retry-after': '1' },
  });
}
