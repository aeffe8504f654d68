import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf } from './decimal.ts';

export interface PlanOverride {
  id: string;
  amount: Amount;
  unit: string;
  reason: string;
  author: string;
  createdAt: string;
  withdrawn: boolean;
  withdrawnBy: string;
}

export function planOverrideOf(row: Row): PlanOverride {
  return {
    id: asText(row.id),
    amount: amountOf(row.amount) ?? 0n,
    unit: asText(row.unit),
    reason: asText(row.reason),
    author: asText(row.author),
    createdAt: asText(row.created_at),
    withdrawn: row.withdrawn === true,
    withdrawnBy: asText(row.withdrawn_by),
  };
}

export interface PlanComment {
  id: string;
  body: string;
  author: string;
  createdAt: string;
}

export function planCommentOf(row: Row): PlanComment {
  return { id: asText(row.id), body: asText(row.body), author: asText(row.author), createdAt: asText(row.created_at) };
}

export interface FrozenPeriod {
  period: string;
  reason: string;
  author: string;
  frozenAt: string;
}

export function frozenPeriodOf(row: Row): FrozenPeriod {
  return { period: asText(row.period), reason: asText(row.reason), author: asText(row.author), frozenAt: asText(row.frozen_at) };
}
