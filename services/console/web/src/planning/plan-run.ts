import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { listOf } from './plan-diff.ts';

export interface PlanRun {
  id: string;
  cause: string;
  slot: string;
  /** Undefined: everything. */
  scopes: readonly string[] | undefined;
  status: string;
  version: number | undefined;
  lakeVersion: number | undefined;
  attempts: number;
  lines: number;
  conflicts: number;
  error: string;
  startedAt: string;
  finishedAt: string;
  durationMs: number | undefined;
}

export function planRunOf(row: Row): PlanRun {
  return {
    id: asText(row.id),
    cause: asText(row.cause),
    slot: asText(row.slot),
    scopes: scopesOf(row.scopes),
    status: asText(row.status),
    version: numberOrNone(row.version),
    lakeVersion: numberOrNone(row.lake_version),
    attempts: Number(row.attempts ?? 0),
    lines: Number(row.lines ?? 0),
    conflicts: Number(row.conflicts ?? 0),
    error: asText(row.error),
    startedAt: asText(row.started_at),
    finishedAt: asText(row.finished_at),
    durationMs: numberOrNone(row.duration_ms),
  };
}

/** text[]: a list in `/rest/v1`, and in a change event a list or PostgreSQL's own text. */
function scopesOf(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map(asText);
  const text = asText(value);
  if (text.startsWith('[')) return listOf(text).map(asText);
  return text
    .replaceAll(/^\{|\}$/g, '')
    .split(',')
    .map((item) => item.replaceAll(/^"|"$/g, ''))
    .filter(Boolean);
}

function numberOrNone(value: unknown): number | undefined {
  return value === null || value === undefined || value === '' ? undefined : Number(value);
}

export const CAUSE_TITLES: Readonly<Record<string, string>> = {
  schedule: 'On schedule',
  change: 'After changes',
  request: 'On request',
  backfill: 'Backfill',
  'catch-up': 'Catch-up',
};

/** The newest run that made a version, and the one that goes on now. */
export function freshness(runs: readonly PlanRun[]): { published: PlanRun | undefined; running: PlanRun | undefined; failed: PlanRun | undefined } {
  const byStart = runs.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
  const published = byStart.filter(({ status }) => status === 'published').toSorted((a, b) => (b.version ?? 0) - (a.version ?? 0))[0];
  const [last] = byStart.filter(({ status }) => status !== 'running' && status !== 'skipped');
  return { published, running: byStart.find(({ status }) => status === 'running'), failed: last?.status === 'failed' ? last : undefined };
}
