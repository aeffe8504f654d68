import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import { asText } from '../api/as-text.ts';
import { type Kind, KINDS } from './adjustment.ts';
import type { GridRow, GridView, RowChoice } from './grid-model.ts';
import { readAll } from './planning-data.ts';
import { type Reference, type Team, unitsOf } from './reference.ts';
import { placeKey } from './team-table.ts';

export interface TeamGridView extends GridView, RowChoice {
  measureName: string;
  /** Units that the measure can have. */
  units: string[];
  placeOf: (row: GridRow, period: string) => string;
  set: (change: Partial<Record<'measure' | 'kind' | 'unit' | 'search' | 'levels' | 'rows', string>>) => void;
}

/** What a team's grid shows, kept in the address. */
export function useGridView(reference: Reference, _team: Team): TeamGridView {
  const [parameters, setParameters] = useSearchParams();
  const measure = reference.measures.find(({ id }) => id === parameters.get('measure')) ?? reference.measures[0];
  const kind: Kind = KINDS.find((known) => known === parameters.get('kind')) ?? 'delta';
  const units = useMemo(() => (measure ? unitsOf(reference, measure.id) : []), [reference, measure]);
  const usual = useUsualUnit(measure?.id);
  const unit = units.find((known) => known === parameters.get('unit')) ?? usual ?? units[0];
  return {
    measure: measure?.id ?? '',
    measureName: measure?.name ?? '',
    kind,
    unit: kind === 'percent' ? undefined : unit,
    units,
    search: parameters.get('search') ?? '',
    allLevels: parameters.get('levels') === 'all',
    onlyUsed: parameters.get('rows') === 'used',
    placeOf: (row, period) => placeKey({ product: row.product, region: row.region, period, measure: measure?.id ?? '', kind }),
    set: (change) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (change.measure !== undefined) after.delete('unit');
          for (const [name, value] of Object.entries(change)) {
            if (value === '') after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: true },
      ),
  };
}

/** The unit that the baseline has this measure in: what people think in. */
function useUsualUnit(measure: string | undefined): string | undefined {
  return (
    useQuery({
      queryKey: ['planning', 'unit', measure],
      enabled: measure !== undefined,
      queryFn: async ({ signal }) =>
        asText((await readAll('baseline', { measure: `eq.${measure ?? ''}`, select: 'unit', limit: '1' }, signal))[0]?.unit) || null,
      staleTime: Infinity,
    }).data ?? undefined
  );
}
