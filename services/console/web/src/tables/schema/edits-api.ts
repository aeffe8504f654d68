import { queryOptions, useQuery } from '@tanstack/react-query';
import type { EditReport, TableDescription } from '#contracts/http/tables';
import type { NewTable, TableEdit } from '#libs/client/tables/table-edit';
import { lakeloop } from '../../api/lakeloop.ts';

type Named = Pick<TableDescription, 'schema' | 'name'>;

/** An edit of a schema that can be tried, and made. */
export type Edit = { op: 'create'; table: NewTable } | (TableEdit & { table: Named });

/** Makes an edit, or begins one that goes on in steps (`applied` is false), or says what it would do. Throws `ApiError`: 409 `rows-in-the-way` while there are rows that it would break. */
export function makeEdit(edit: Edit, options: { dryRun: boolean; reason?: string }): Promise<EditReport> {
  const { tables } = lakeloop();
  return edit.op === 'create' ? tables.create(edit.table, options) : tables.edit(edit.table, edit, options);
}

/** A table's edits: those that went through, and the newest in steps. */
export function editsQuery({ schema, name }: Named) {
  return queryOptions({
    queryKey: ['tables', 'edits', schema, name],
    queryFn: ({ signal }) => lakeloop().tables.edits({ schema, name }, { signal }),
  });
}

/** The edits of a table's schema that went through, newest first. */
export function useEdits(table: Named) {
  return useQuery({ ...editsQuery(table), select: ({ edits }) => edits });
}

/** Schemas in which this person may make tables. */
export function useMakableSchemas() {
  return useQuery({
    queryKey: ['tables', 'makable'],
    queryFn: async ({ signal }) => (await lakeloop().tables.list({ signal })).schemas,
  });
}
