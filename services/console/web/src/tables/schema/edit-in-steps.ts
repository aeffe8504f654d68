import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { EditProgress, TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../../api/lakeloop.ts';
import { useForgetTables } from '../table-list.ts';
import { aimInWords } from './edit-words.ts';
import { editsQuery } from './edits-api.ts';
import { unsettled } from './unsettled.ts';

/** The service is asked so often how far an edit is, ms. */
const LOOK_MS = 1_000;

/** A table's unsettled edit; null where there is none, undefined while that is not known. */
export function useEditInSteps(table: TableDescription): EditProgress | null | undefined {
  return useQuery({ ...editsQuery(table), select: unsettled }).data;
}

/** Follows an edit under way, on whatever panel one is, and says how it ended; what it changed is read again. Asks nothing while none is known to be under way. */
export function useEditWatch(table: TableDescription, refresh: () => void): void {
  const forget = useForgetTables();
  const { data } = useQuery({ ...editsQuery(table), enabled: ({ state }) => state.data?.inSteps?.state === 'running', refetchInterval: LOOK_MS });
  const seen = useRef<EditProgress | null>(undefined);
  const now = data?.inSteps;
  useEffect(() => {
    const before = seen.current;
    seen.current = now;
    if (!now || before === undefined || now.state === 'running' || (before?.id === now.id && before.state === now.state)) return;
    tell(now);
    refresh();
    void forget();
  }, [now, refresh, forget]);
}

const ENDINGS = {
  applied: { color: 'teal', title: 'The edit is done' },
  failed: { color: 'red', title: 'The edit failed' },
  cancelled: { color: 'gray', title: 'The edit was cancelled' },
} as const;

/** It may have taken long: who waited for it finds the word when they come back. */
function tell(edit: EditProgress): void {
  if (edit.state !== 'running') notifications.show({ ...ENDINGS[edit.state], message: aimInWords(edit), autoClose: false });
}

/** Ends an edit under way; the table stays as it was. It is still under way until what it made is taken away. */
export function useCancelEdit(table: TableDescription) {
  const queries = useQueryClient();
  const { queryKey } = editsQuery(table);
  return useMutation({
    mutationFn: (id: string) => lakeloop().tables.cancel(table, id),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
}
