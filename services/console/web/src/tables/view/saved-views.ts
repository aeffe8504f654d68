import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SavedView, SavedViews } from '#contracts/http/table-views';
import type { TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../../api/lakeloop.ts';
import { moveBrowserViews } from './browser-views.ts';
import type { TableView } from './table-view.ts';

type Named = Pick<TableDescription, 'schema' | 'name'>;

/** What is asked of the server about views. */
export type ViewAct =
  | { act: 'keep'; name: string; shared: boolean; view: TableView }
  | { act: 'change'; id: string; name?: string; shared?: boolean; view?: TableView }
  | { act: 'delete'; id: string }
  | { act: 'default'; id: string | null };

export const NO_VIEWS: SavedViews = { views: [], default: null };

/** A person's views of a table and those that are shared with them, kept by the server. Those that this browser kept before move there first. */
export function useSavedViews(table: Named, subject: string) {
  return useQuery({
    queryKey: keyOf(table),
    queryFn: async ({ signal }) => {
      const listed = await lakeloop().tables.views(table).list({ signal });
      const moved = await moveBrowserViews(`${subject}.${table.schema}.${table.name}`, listed.views, (view) =>
        send(table, { act: 'keep', shared: false, ...view }),
      );
      return moved ? lakeloop().tables.views(table).list({ signal }) : listed;
    },
    // Without them the table is there all the same.
    retry: false,
  });
}

/** Does something with a view, and reads them again. The promise gives the view where there is one. */
export function useViewActs(table: Named) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: (act: ViewAct) => send(table, act), onSettled: () => queries.invalidateQueries({ queryKey: keyOf(table) }) });
}

function keyOf({ schema, name }: Named): readonly string[] {
  return ['tables', 'views', schema, name];
}

async function send(table: Named, call: ViewAct): Promise<SavedView | undefined> {
  const views = lakeloop().tables.views(table);
  switch (call.act) {
    case 'keep': {
      const { act: _act, ...view } = call;
      return views.keep(view);
    }
    case 'change': {
      const { act: _act, id, ...change } = call;
      return views.change(id, change);
    }
    case 'delete':
      await views.delete(call.id);
      return undefined;
    case 'default':
      await views.setDefault(call.id);
      return undefined;
  }
}
