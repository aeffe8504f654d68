import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf } from './decimal.ts';
import { listOf } from './plan-diff.ts';

export interface Contributor {
  team: string;
  authors: readonly string[];
  amount: Amount | undefined;
  confidence: number | undefined;
  /** ISO 8601 of the team's last change. */
  at: string;
  entries: number;
}

/** Two or more teams adjust one measure of one node and period. */
export interface PlanConflict {
  id: string;
  product: string;
  region: string;
  period: string;
  measure: string;
  rule: string;
  contributors: readonly Contributor[];
  resolution: { amount: Amount | undefined; by: string; team: string };
  version: number;
}

export const RULE_TITLES: Readonly<Record<string, string>> = {
  latest: 'the team that changed last',
  priority: 'the team that comes first',
  confidence: 'weighted by confidence',
  choice: 'a person chose',
};

export function planConflictOf(row: Row): PlanConflict {
  const resolution = structureOf(row.resolution);
  return {
    id: asText(row.id),
    product: asText(row.product),
    region: asText(row.region),
    period: asText(row.period),
    measure: asText(row.measure),
    rule: asText(row.rule),
    contributors: listOf(row.contributors).map((found) => ({
      team: asText(found.team),
      authors: Array.isArray(found.authors) ? found.authors.map(asText) : [asText(found.author)].filter(Boolean),
      amount: amountOf(found.amount),
      confidence: found.confidence === undefined || found.confidence === null ? undefined : Number(found.confidence),
      at: asText(found.at),
      entries: Array.isArray(found.ids) ? found.ids.length : 1,
    })),
    resolution: { amount: amountOf(resolution.amount), by: asText(resolution.by), team: asText(resolution.team) },
    version: Number(row.version ?? 0),
  };
}

function structureOf(value: unknown): Row {
  const found: unknown = typeof value === 'string' && value !== '' ? JSON.parse(value) : value;
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Row) : {};
}
