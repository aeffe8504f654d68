import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UndoReport } from '#contracts/http/history';
import { keyText } from '#libs/client/history/row-key';
import type { Undoable } from '#libs/client/history/undo';
import { lakeloop } from '../../api/lakeloop.ts';
import type { Key } from './change-words.ts';
import { type OnProgress, sendUndo } from './send-undo.ts';
import { type Filter, filterQuery } from './timeline.ts';

const PAGE = 50;
const FRESH_MS = 5_000;

export interface TableName {
  schema: string;
  name: string;
}

/** Changes of a table or of one row, newest first, page by page. */
export function useHistory({ schema, name }: TableName, key: Key | undefined, filter: Filter) {
  const filters = filterQuery(filter);
  const row = key && keyText(key);
  return useInfiniteQuery({
    queryKey: ['history', schema, name, row ?? '', filters],
    queryFn: ({ pageParam, signal }) =>
      lakeloop()
        .history({ schema, name }, { ...filters, key, pageSize: PAGE, signal })
        .page(pageParam === '' ? undefined : pageParam),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    gcTime: 0,
    // What another filter showed stays until this one's is there.
    placeholderData: keepPreviousData,
    // Others go on meanwhile; many pages are not read again and again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= 1 ? FRESH_MS : false),
  });
}

/** Two versions of a row, by the changes that made them. */
export function useComparison({ schema, name }: TableName, key: Key, from: string, to: string) {
  return useQuery({
    queryKey: ['history', schema, name, 'compare', keyText(key), from, to],
    queryFn: ({ signal }) => lakeloop().compare({ schema, name }, { key, from, to, signal }),
    staleTime: Infinity,
  });
}

/** To be called after something was taken back: what is shown is read again. */
export function useForgetHistory(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ['history'] });
}

/** Something to take back: a change, all of a request or trace, or a row's way since one of its versions. */
export type Undoing =
  | { what: 'change' | 'request' | 'trace'; id: string }
  | {
      what: 'version';
      table: TableName;
      key: Key;
      /** The change after which the row was as it shall be. */
      id: string;
      /** The newest change that the person has seen. */
      latest: string;
    };

export interface UndoOptions {
  dryRun: boolean;
  force: boolean;
  reason: string;
  onProgress?: OnProgress;
}

/** Takes something back, or says what that would do. Throws `ApiError` 409 where somebody changed it since. */
export async function takeBack(undoing: Undoing, { dryRun, force, reason, onProgress }: UndoOptions): Promise<UndoReport> {
  if (undoing.what !== 'version') return sendUndo({ ...undoableOf(undoing), dryRun, force, reason, onProgress });
  const { table, key, id, latest } = undoing;
  // Without the newest change that is known, the restore goes over whatever came since.
  return lakeloop().restore(table, { key, change: id, dryRun, reason, ...(force ? {} : { latest }) });
}

function undoableOf({ what, id }: Exclude<Undoing, { what: 'version' }>): Undoable {
  return what === 'change' ? { change: id } : what === 'request' ? { request: id } : { trace: id };
}
