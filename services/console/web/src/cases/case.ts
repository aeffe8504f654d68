import type { Row } from '../api/rows.ts';

/** A case: one flag with what followed from it. */
export interface Case {
  id: string;
  /** Key of the subject row. */
  subjectKey: string | number | bigint;
  note: string;
  flaggedBy: string;
  /** ISO 8601 */
  flaggedAt: string;
  state: string;
  traceId: string;
}

export interface Contribution {
  feature: string;
  title?: string;
  value: unknown;
  /** Logit; positive speaks for the class. */
  contribution: number;
  terms?: { term: string; contribution: number }[];
}

export interface Recommendation {
  class: string;
  /** Calibrated, 0 to 1. */
  confidence: number;
  /** Absent for a role that may not see values behind it. */
  contributions: Contribution[] | undefined;
  /** Class → probability. */
  probabilities: Record<string, number>;
  modelVersion: string;
  createdAt: string;
}

export interface Disposition {
  action: string;
  class: string;
  correction: Record<string, unknown> | undefined;
  reason: string;
  decidedBy: string;
  decidedAt: string;
}

export const OPEN_STATES: readonly string[] = ['flagged', 'recommended'];
export const DECIDED_STATES: readonly string[] = ['approved', 'overridden', 'corrected'];

export function isOpen(state: string): boolean {
  return OPEN_STATES.includes(state);
}

export function caseOf(row: Row, reference: string): Case {
  return {
    id: text(row.id),
    subjectKey: row[reference] as string | number | bigint,
    note: text(row.note),
    flaggedBy: text(row.flagged_by),
    flaggedAt: text(row.flagged_at),
    state: text(row.state),
    traceId: text(row.trace_id),
  };
}

export function recommendationOf(row: Row): Recommendation {
  return {
    class: text(row.class),
    confidence: Number(row.confidence),
    contributions: structured<Contribution[]>(row.contributions),
    probabilities: structured<Record<string, number>>(row.probabilities) ?? {},
    modelVersion: text(row.model_version),
    createdAt: text(row.created_at),
  };
}

export function dispositionOf(row: Row): Disposition {
  return {
    action: text(row.action),
    class: text(row.class),
    correction: structured<Record<string, unknown>>(row.correction),
    reason: text(row.reason),
    decidedBy: text(row.decided_by),
    decidedAt: text(row.decided_at),
  };
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value as string);
}

/** A jsonb value: parsed by `/rest/v1`, JSON text in a change event. */
function structured<T>(value: unknown): T | undefined {
  if (value === null || value === undefined) return undefined;
  return (typeof value === 'string' ? JSON.parse(value) : value) as T;
}
