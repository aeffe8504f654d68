import { SCALE, type Amount, type Exact } from './amount.ts';
import { percentOf, readAmount, readPercent, type Conversion, type Origin } from './convert.ts';
import { ADJUSTMENT_KINDS, TEAMS, type AdjustmentRow, type MeasureRow, type Team } from './inputs.ts';
import { compareChanges, parseInstant } from './instant.ts';
import { poison, quoted } from './poison.ts';

/** An adjustment, read: in the base unit of its measure. */
export interface Adjustment {
  row: AdjustmentRow;
  id: string;
  instant: number;
  confidence: Amount;
  value: { kind: 'delta' | 'absolute'; amount: Amount } | { kind: 'percent'; percent: Exact };
}

/** @throws Failure `poison-record` naming the row and the field. */
export function readAdjustment(row: AdjustmentRow, measure: MeasureRow, conversion: Conversion): Adjustment {
  const origin: Origin = { table: `${row.team}_adjustments`, key: () => row.id };
  const instant = parseInstant(row.updated_at);
  if (Number.isNaN(instant)) throw poison(origin.table, row.id, 'updated_at', 'is no time');
  const confidence = readConfidence(row.confidence, origin);
  return { row, id: row.id, instant, confidence, value: readValue(row, measure, conversion, origin) };
}

function readValue(row: AdjustmentRow, measure: MeasureRow, conversion: Conversion, origin: Origin): Adjustment['value'] {
  const kind = ADJUSTMENT_KINDS.find((each) => each === row.kind);
  if (kind === undefined) throw poison(origin.table, row.id, 'kind', `${quoted(row.kind)} is unknown: ${ADJUSTMENT_KINDS.join(', ')}`);
  if (kind === 'percent') return { kind, percent: readPercent(row.amount, origin) };
  return { kind, amount: conversion.toBase(row.amount, row.unit, measure.dimension, origin) };
}

const FULL = 10n ** BigInt(SCALE);

function readConfidence(text: string, origin: Origin): Amount {
  if (text === '1.000' || text === '1') return FULL;
  const confidence = readAmount(text, 'confidence', origin);
  if (confidence < 0n || confidence > FULL) throw poison(origin.table, origin.key(), 'confidence', 'is not between 0 and 1');
  return confidence;
}

/** One adjustment's part in its team's proposal: `target` sets the node's amount, `change` adds to it. */
export interface Part {
  adjustment: Adjustment;
  kind: 'change' | 'target';
  amount: Amount;
}

/** What one team wants of a node. */
export interface Proposal {
  team: Team;
  /** Those that count: from the latest absolute on; it is the first. */
  parts: readonly Part[];
  newest: Adjustment;
  /** Mean of those that count, rounded. */
  confidence: Amount;
}

/**
 * The proposals for one node, in the teams' order. In order of (updated_at, id): a delta adds its amount, a percentage adds that share of the node's baseline,
 * an absolute sets the node's amount and so undoes what its own team did before it.
 */
export function proposals(adjustments: readonly Adjustment[], baseline: Amount): Proposal[] {
  return TEAMS.flatMap((team) => {
    const own = adjustments.filter(({ row }) => row.team === team).sort(compareChanges);
    const newest = own.at(-1);
    if (newest === undefined) return [];
    const counting = own.slice(
      Math.max(
        own.findLastIndex(({ value }) => value.kind === 'absolute'),
        0,
      ),
    );
    const total = counting.reduce((sum, { confidence }) => sum + confidence, 0n);
    return [{ team, parts: counting.map((adjustment) => part(adjustment, baseline)), newest, confidence: total / BigInt(counting.length) }];
  });
}

function part(adjustment: Adjustment, baseline: Amount): Part {
  const { value } = adjustment;
  switch (value.kind) {
    case 'delta':
      return { adjustment, kind: 'change', amount: value.amount };
    case 'percent':
      return { adjustment, kind: 'change', amount: percentOf(baseline, value.percent) };
    case 'absolute':
      return { adjustment, kind: 'target', amount: value.amount };
  }
}

/** The change a proposal makes to a node that stands at `current`. */
export function changeOf({ parts }: Proposal, current: Amount): Amount {
  return parts.reduce((sum, { kind, amount }) => sum + (kind === 'target' ? amount - current : amount), 0n);
}
