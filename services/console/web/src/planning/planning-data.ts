import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useEffect } from 'react';
import { selectRows, type Row } from '../api/rows.ts';
import type { LiveTable, LiveTableView } from '../live/live-table.ts';
import { useLiveTable } from '../live/use-live-table.ts';
import { type PlanRun } from './plan-run.ts';
import { type Reference, referenceOf } from './reference.ts';

export const SCHEMA = 'planning';

export async function readAll(table: string, query: Record<string, string> = {}, signal?: AbortSignal): Promise<Row[]> {
  return (await selectRows(SCHEMA, table, new URLSearchParams(query), signal ? { signal } : {})).rows;
}

/** So many runs are followed. */
const RECENT = 300;

/** Where the followed runs begin: by id, so that the snapshot stays small however long the plan lives. The newest published one counts, however old. */
export function useFirstRun() {
  return useQuery({
    queryKey: ['planning', 'first-run'],
    queryFn: async ({ signal }) => {
      const idOf = (rows: Row[]): number => Number(rows[0]?.id ?? 0);
      const newest = { select: 'id', order: 'id.desc', limit: '1' };
      const [last, published] = await Promise.all([readAll('plan_runs', newest, signal), readAll('plan_runs', { ...newest, status: 'eq.published' }, signal)]);
      return Math.max(0, Math.min(idOf(last) - RECENT, idOf(published) - 1));
    },
    staleTime: Infinity,
  });
}

/** Products, regions, periods, measures, units, rates and settings: asked once. */
export function useReferenceQuery() {
  return useQuery({
    queryKey: ['planning', 'reference'],
    queryFn: async ({ signal }) => {
      const read = (table: string): Promise<Row[]> => readAll(table, {}, signal);
      const [products = [], regions = [], periods = [], measures = [], units = [], rates = [], settings = []] = await Promise.all(
        ['products', 'regions', 'periods', 'measures', 'units', 'rates', 'settings'].map((table) => read(table)),
      );
      return referenceOf({ products, regions, periods, measures, units, rates, settings });
    },
    staleTime: 10 * 60_000,
  });
}

/**
 * What all planning pages share. The runs are always followed: every act on the plan ends in a run, so a run that ends says that anything may
 * have changed. Each page follows one more table at most: a browser allows six connections to a server, over all its tabs.
 */
export interface PlanningRoom {
  reference: Reference;
  runs: LiveTable<PlanRun>;
  runsView: LiveTableView<PlanRun>;
  /** Changes whenever a run ends: a part of the keys of what is asked anew then. */
  epoch: string;
  /** Newest version of the plan; 0 before the first. */
  version: number;
  /** The page's own stream, told so that the shell can show its state. */
  follow: (view: Pick<LiveTableView<unknown>, 'connection' | 'problem'> | undefined) => void;
}

export const CurrentRoom = createContext<PlanningRoom | undefined>(undefined);

export function usePlanning(): PlanningRoom {
  const room = useContext(CurrentRoom);
  if (!room) throw new TypeError('no planning room above this component');
  return room;
}

/** Tells the shell of the page's own stream, while the page is there. */
export function usePageStream({ connection, problem }: Pick<LiveTableView<unknown>, 'connection' | 'problem'>): void {
  const { follow } = usePlanning();
  useEffect(() => {
    follow({ connection, problem });
    return () => follow(undefined);
  }, [follow, connection, problem]);
}

/** The one table that a page follows beside the runs. */
export function usePageTable<T>(table: LiveTable<T>): LiveTableView<T> {
  const view = useLiveTable(table);
  usePageStream(view);
  return view;
}
