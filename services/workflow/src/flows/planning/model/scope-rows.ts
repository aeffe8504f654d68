import type { Amount } from './amount.ts';
import type { Capacity } from './capacity.ts';
import { readAmount, type Conversion, type Origin } from './convert.ts';
import type { PlanNode } from './grid.ts';
import type { TreeNode } from './hierarchy.ts';
import { TEAMS, type BaselineRow, type Cell, type ConflictChoiceRow, type MeasureRow, type OverrideRow } from './inputs.ts';
import { poison, quoted } from './poison.ts';
import { readAdjustment, type Adjustment } from './proposals.ts';
import type { Reference } from './reference.ts';
import type { ScopeInputs } from './scope-inputs.ts';
import { cellKey } from './split-scopes.ts';

export interface AtNode<T> {
  node: PlanNode;
  of: T;
}

/** A scope's rows, read and grouped by measure; amounts in base units. */
export interface MeasureRows {
  measure: MeasureRow;
  baseline: AtNode<Amount>[];
  /** By node. */
  adjustments: Map<number, AtNode<Adjustment[]>>;
  overrides: AtNode<{ row: OverrideRow; amount: Amount }>[];
  choices: Map<number, ConflictChoiceRow>;
}

export interface Ground {
  reference: Reference;
  products: TreeNode;
  regions: TreeNode;
  period: string;
  conversion: Conversion;
}

/** A node among all others: one number, since this is asked for every adjustment. */
export function nodeKey({ reference }: Ground, { product, region }: PlanNode): number {
  return product.index * reference.regions.size + region.index;
}

/** Reads every row of a scope; refuses the first that can't be planned with, naming it. */
export function readScope(ground: Ground, { rows }: ScopeInputs): Map<string, MeasureRows> {
  const measures = new Map<string, MeasureRows>();
  for (const row of rows.baseline) readBaseline(ground, measures, row);
  for (const row of rows.adjustments) {
    const origin: Origin = { table: `${row.team}_adjustments`, key: () => row.id };
    if (!TEAMS.includes(row.team)) throw poison(origin.table, row.id, 'team', `${quoted(row.team)} is unknown: ${TEAMS.join(', ')}`);
    const own = measureRows(ground.reference, measures, row.measure, origin);
    const node = nodeOf(ground, row, origin);
    const adjustment = readAdjustment(row, own.measure, ground.conversion);
    const key = nodeKey(ground, node);
    const there = own.adjustments.get(key);
    if (there === undefined) own.adjustments.set(key, { node, of: [adjustment] });
    else there.of.push(adjustment);
  }
  for (const row of rows.overrides) if (!row.withdrawn) readOverride(ground, measures, row);
  for (const row of rows.choices) {
    const origin = { table: 'conflict_choices', key: () => cellKey(row, row.measure) };
    measureRows(ground.reference, measures, row.measure, origin).choices.set(nodeKey(ground, nodeOf(ground, row, origin)), row);
  }
  return measures;
}

function readBaseline(ground: Ground, measures: Map<string, MeasureRows>, row: BaselineRow): void {
  const origin = { table: 'baseline', key: () => cellKey(row, row.measure) };
  const own = measureRows(ground.reference, measures, row.measure, origin);
  const amount = ground.conversion.toBase(row.amount, row.unit, own.measure.dimension, origin);
  own.baseline.push({ node: leafOf(ground, row, origin), of: amount });
}

function readOverride(ground: Ground, measures: Map<string, MeasureRows>, row: OverrideRow): void {
  const origin = { table: 'plan_overrides', key: () => row.id };
  const own = measureRows(ground.reference, measures, row.measure, origin);
  const amount = ground.conversion.toBase(row.amount, row.unit, own.measure.dimension, origin);
  own.overrides.push({ node: leafOf(ground, row, origin), of: { row, amount } });
}

/** Capacities by the dimension that their unit measures: each holds for every measure of that dimension. */
export function readCapacities(ground: Ground, { rows }: ScopeInputs): Map<string, Capacity[]> {
  const capacities = new Map<string, Capacity[]>();
  const seen = new Set<string>();
  for (const row of rows.capacities) {
    const origin = { table: 'capacities', key: () => cellKey(row) };
    const node = nodeOf(ground, row, origin);
    const [id, dimension] = [`${row.product}|${row.region}`, ground.conversion.dimensionOf(row.unit, origin)];
    if (dimension === 'money') throw poison(origin.table, origin.key(), 'unit', `${quoted(row.unit)} is a currency: capacity is a quantity`);
    if (readAmount(row.amount, 'amount', origin) < 0n) throw poison(origin.table, origin.key(), 'amount', 'is below zero');
    if (seen.has(id)) throw poison(origin.table, origin.key(), 'key', 'is there twice');
    seen.add(id);
    const capacity = { ...node, id, amount: ground.conversion.toBase(row.amount, row.unit, dimension, origin) };
    capacities.set(dimension, [...(capacities.get(dimension) ?? []), capacity]);
    ground.conversion.premises.push({ source: 'capacity', id, value: `${row.amount} ${row.unit}`, author: null });
  }
  return capacities;
}

function measureRows(reference: Reference, measures: Map<string, MeasureRows>, name: string, { table, key }: Origin): MeasureRows {
  const there = measures.get(name);
  if (there !== undefined) return there;
  const measure = reference.measures.get(name);
  if (measure === undefined) throw poison(table, key(), 'measure', `${quoted(name)} is unknown`);
  if (!reference.baseUnits.has(measure.dimension)) {
    throw poison('measures', quoted(name), 'dimension', `${quoted(measure.dimension)} has no base unit, one with factor 1`);
  }
  const made: MeasureRows = { measure, baseline: [], adjustments: new Map(), overrides: [], choices: new Map() };
  measures.set(name, made);
  return made;
}

function nodeOf({ reference, products, regions, period }: Ground, cell: Cell, { table, key }: Origin): PlanNode {
  const [product, region] = [reference.products.get(cell.product), reference.regions.get(cell.region)];
  if (product === undefined) throw poison(table, key(), 'product', `${quoted(cell.product)} is unknown`);
  if (region === undefined) throw poison(table, key(), 'region', `${quoted(cell.region)} is unknown`);
  if (cell.period !== period) throw poison(table, key(), 'period', `${quoted(cell.period)} is not the scope's`);
  if (product.root !== products) throw poison(table, key(), 'product', `${quoted(cell.product)} is not in the scope`);
  if (region.root !== regions) throw poison(table, key(), 'region', `${quoted(cell.region)} is not in the scope`);
  return { product, region };
}

function leafOf(ground: Ground, cell: Cell, origin: Origin): PlanNode {
  const node = nodeOf(ground, cell, origin);
  if (!node.product.isLeaf) throw poison(origin.table, origin.key(), 'product', `${quoted(cell.product)} has products under it: state it for those`);
  if (!node.region.isLeaf) throw poison(origin.table, origin.key(), 'region', `${quoted(cell.region)} has regions under it: state it for those`);
  return node;
}
