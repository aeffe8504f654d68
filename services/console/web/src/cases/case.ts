import { asText } from '../api/as-text.ts';
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

export function caseOf(row: Row, reference: string): Case {
  return {
    id: asText(row.id),
    subjectKey: row[reference] as string | number | bigint,
    note: asText(row.note),
    flaggedBy: asText(row.flagged_by),
    flaggedAt: asText(row.flagged_at),
    state: asText(row.state),
    traceId: asText(row.trace_id),
  };
}

export function recommendationOf(row: Row): Recommendation {
  return {
    class: asText(row.class),
    confidence: Number(row.confidence),
    contributions: structured(row.contributions) as Contribution[] | undefined,
    probabilities: (structured(row.probabilities) as Record<string, number> | undefined) ?? {},
    modelVersion: asText(row.model_version),
    createdAt: asText(row.created_at),
  };
}

export function dispositionOf(row: Row): Disposition {
  return {
    action: asText(row.action),
    class: asText(row.class),
    correction: structured(row.correction) as Record<string, unknown> | undefined,
    reason: asText(row.reason),
    decidedBy: asText(row.decided_by),
    decidedAt: asText(row.decided_at),
  };
}

/** A jsonb value: parsed by `/rest/v1`, JSON text in a change event. */
function structured(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
}
