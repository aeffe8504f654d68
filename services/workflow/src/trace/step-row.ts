import type { TraceStep } from '#contracts/http/trace';

/** A row of `lakeloop.case_trace`. */
export interface StepRow {
  kind: TraceStep['kind'];
  actor: string;
  agent: string | null;
  table_schema: string | null;
  table_name: string | null;
  key: Record<string, unknown> | null;
  operation: string | null;
  action: string | null;
  /** ISO 8601, microseconds. */
  at: string;
  /** Microseconds since the epoch. */
  micros: string;
  event_id: string | null;
  reason: string | null;
}
