import type pg from 'pg';
import type { Trace, TraceStep } from '#contracts/http/trace';
import type { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { utcText } from '#libs/postgres/utc-text';
import { newTraceparent } from '#libs/runtime/telemetry';
import type { StepRow } from './step-row.ts';
import { visibleRows } from './visible-rows.ts';

const STEPS = `select kind, actor, agent, table_schema, table_name, key, operation, action,
  ${utcText('at')} as at, (extract(epoch from at) * 1000000)::bigint::text as micros, event_id, reason
  from lakeloop.case_trace($1)`;

/** Steps of a trace as one caller may know them: those of rows that the caller can select, right now, under its own role and row filters. */
export class TraceReader {
  readonly #pool: pg.Pool;
  readonly #governed: Governed;

  constructor(pool: pg.Pool, governed: Governed) {
    this.#pool = pool;
    this.#governed = governed;
  }

  /** Without steps: the trace is unknown, or nothing of it is this caller's to see; the two are not told apart. */
  async read(traceId: string, principal: Principal): Promise<Trace> {
    const { rows } = await this.#pool.query<StepRow>(STEPS, [traceId]);
    const context = contextOf(principal, { requestId: traceId, traceparent: newTraceparent() });
    const visible = await this.#governed.transaction({ principal, context, readOnly: true }, (client) => visibleRows(client, rows));
    return { traceId, steps: steps(visible) };
  }
}

function steps(rows: readonly StepRow[]): TraceStep[] {
  const ordered = afterTheirWrite(rows).toSorted((left, right) => Number(BigInt(left.micros) - BigInt(right.micros)));
  const first = BigInt(ordered[0]?.micros ?? 0);
  return ordered.map((row) => ({
    kind: row.kind,
    actor: row.actor,
    ...(row.agent ? { agent: row.agent } : {}),
    table: row.table_schema === null ? '' : `${row.table_schema}.${row.table_name}`,
    key: row.key ?? {},
    ...(row.operation ? { operation: row.operation } : {}),
    ...(row.action ? { action: row.action } : {}),
    at: row.at,
    elapsedMs: Number(BigInt(row.micros) - first) / 1_000,
    ...(row.event_id ? { eventId: row.event_id } : {}),
    ...(row.reason ? { reason: row.reason } : {}),
  }));
}

/** The envelope tells its time in whole milliseconds, cut off: within its millisecond, a publication is shown with the write it follows, never before. */
function afterTheirWrite(rows: readonly StepRow[]): StepRow[] {
  return rows.map((row) => {
    if (row.kind !== 'publish') return row;
    const write = rows.find(({ kind, table_name: table, action }) => kind === 'write' && table === row.table_name && action === 'flag');
    const early = write && BigInt(write.micros) > BigInt(row.micros) && BigInt(write.micros) - BigInt(row.micros) < 1_000n;
    return early ? { ...row, at: write.at, micros: write.micros } : row;
  });
}
