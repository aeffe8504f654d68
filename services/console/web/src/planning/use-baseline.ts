import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf, sum } from './decimal.ts';
import { cellKey, type GridRow } from './grid-model.ts';
import { readAll, usePlanning } from './planning-data.ts';
import { convert, type Reference } from './reference.ts';

/** A baseline larger than that is not fetched into a grid. */
const MOST = 20_000;

/** The baseline of any node and period of a measure, in that unit: what is shown faintly where nothing is entered. Sums are made as they are asked for. */
export function useBaseline(measure: string, unit: string | undefined): (row: Pick<GridRow, 'product' | 'region'>, period: string) => Amount | undefined {
  const { reference } = usePlanning();
  const found = useQuery({
    queryKey: ['planning', 'baseline', measure],
    enabled: measure !== '',
    queryFn: async ({ signal }) =>
      readAll('baseline', { measure: `eq.${measure}`, select: 'product,region,period,amount,unit', limit: String(MOST + 1) }, signal),
    staleTime: 5 * 60_000,
  });
  return useMemo(() => baselineOf(found.data && found.data.length <= MOST ? found.data : [], reference, unit), [found.data, reference, unit]);
}

function baselineOf(
  rows: readonly Row[],
  reference: Reference,
  unit: string | undefined,
): (row: Pick<GridRow, 'product' | 'region'>, period: string) => Amount | undefined {
  const leaves = new Map<string, Amount>();
  for (const row of rows) {
    const [from, period] = [asText(row.unit), asText(row.period)];
    const amount = convert(reference, amountOf(row.amount) ?? 0n, { from, to: unit ?? from, period });
    if (amount !== undefined) leaves.set(cellKey({ product: asText(row.product), region: asText(row.region) }, period), amount);
  }
  const sums = new Map<string, Amount | undefined>();
  return (row, period) => {
    const key = cellKey(row, period);
    if (!sums.has(key)) {
      const regions = reference.regions.leaves(row.region);
      const below = reference.products.leaves(row.product).flatMap((product) => regions.map((region) => leaves.get(cellKey({ product, region }, period))));
      const known = below.filter((amount) => amount !== undefined);
      sums.set(key, known.length === 0 ? undefined : sum(known));
    }
    return sums.get(key);
  };
}
