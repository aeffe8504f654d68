import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FlowDescription } from '#contracts/http/flows';
import { ApiError } from '../api/api-error.ts';
import { selectRows } from '../api/rows.ts';

/** A part of the console with pages of its own. */
export interface Room {
  name: string;
  title: string;
  /** Where it begins. */
  home: string;
}

export const PLANNING: Room = { name: 'planning', title: 'Planning', home: '/planning' };
/** For everybody: it lists what one may read, be it nothing. */
export const TABLES: Room = { name: 'tables', title: 'Tables', home: '/tables' };

/** Whether there is planning here, and this person may read it: its tables are asked, as whoever is signed in. */
export function useMayPlan() {
  return useQuery({
    queryKey: ['planning', 'access'],
    queryFn: async ({ signal }) => {
      try {
        await selectRows('planning', 'plan_runs', new URLSearchParams({ select: 'id', limit: '1' }), { signal });
        return true;
      } catch (error) {
        // 404 and 406: no such table or schema here; 403: not for this role. A lost session or server is another matter.
        if (error instanceof ApiError && [403, 404, 406].includes(error.status)) return false;
        throw error;
      }
    },
    staleTime: 5 * 60_000,
  });
}

/** The rooms that this person may enter. */
export function useRooms(flows: readonly FlowDescription[]): readonly Room[] {
  const planning = useMayPlan().data === true;
  return useMemo(
    () => [...flows.map(({ name, title }) => ({ name, title, home: `/${name}/cases` })), ...(planning ? [PLANNING] : []), TABLES],
    [flows, planning],
  );
}
