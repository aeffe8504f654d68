/** `GET /v1/trace/{traceId}`: every step of one case, from first write to final row, by time. */
export interface Trace {
  traceId: string;
  steps: TraceStep[];
}

export interface TraceStep {
  /** `write`: an audited row change. `publish`: the change reached the change log. `receive`: a flow took the event. */
  kind: 'write' | 'publish' | 'receive';
  /** Who: the principal's subject, the flow's principal, or the service. */
  actor: string;
  agent?: string;
  /** `<schema>.<table>` */
  table: string;
  /** Primary key of the row, column → value. */
  key: Record<string, unknown>;
  /** insert, update, delete, truncate for a write; absent otherwise. */
  operation?: string;
  /** The case action where there is one: flag, recommend, approve … */
  action?: string;
  /** ISO 8601, microseconds. */
  at: string;
  /** Milliseconds since the first step. */
  elapsedMs: number;
  eventId?: string;
  reason?: string;
}
