import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf } from './decimal.ts';

export const KINDS = ['delta', 'percent', 'absolute'] as const;
export type Kind = (typeof KINDS)[number];
export const KIND_TITLES: Readonly<Record<Kind, string>> = { delta: 'Change', percent: 'Percent', absolute: 'Instead' };
export const KIND_HINTS: Readonly<Record<Kind, string>> = {
  delta: 'added to the baseline',
  percent: 'percent of the baseline, added to it',
  absolute: 'instead of the baseline; the latest counts',
};

/** One entry of a team's table. */
export interface Adjustment {
  id: string;
  product: string;
  region: string;
  period: string;
  measure: string;
  kind: Kind;
  amount: Amount;
  /** Undefined for percent. */
  unit: string | undefined;
  /** 0 to 1 */
  confidence: number;
  comment: string;
  author: string;
  /** ISO 8601, of the last change. */
  updatedAt: string;
}

export function adjustmentOf(row: Row): Adjustment {
  const kind = asText(row.kind);
  return {
    id: asText(row.id),
    product: asText(row.product),
    region: asText(row.region),
    period: asText(row.period),
    measure: asText(row.measure),
    kind: KINDS.find((known) => known === kind) ?? 'delta',
    amount: amountOf(row.amount) ?? 0n,
    unit: asText(row.unit) || undefined,
    confidence: row.confidence === null || row.confidence === undefined ? 1 : Number(row.confidence),
    comment: asText(row.comment),
    author: asText(row.author),
    updatedAt: asText(row.updated_at) || asText(row.created_at),
  };
}
