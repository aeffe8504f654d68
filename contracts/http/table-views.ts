import { z } from 'zod';

/** How somebody looks at a table. It gives no rights: what it names and one may not read is not there. */
export const tableView = z.object({
  sorts: z.array(z.object({ column: z.string(), descending: z.boolean() })).describe('what the rows are ordered by, most significant first'),
  filters: z
    .array(
      z.object({ column: z.string(), operator: z.string().describe('empty, is, contains, more …, by the type of the column'), values: z.array(z.string()) }),
    )
    .describe('all hold; values as they stand in an address of the console'),
  hidden: z.array(z.string()),
  order: z.array(z.string()).describe('columns that come first'),
  widths: z.record(z.string(), z.number()).describe('px by column'),
});
export type TableView = z.infer<typeof tableView>;

/** A view under a name. */
export const savedView = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string().describe('the subject of whoever made it, who alone may change it'),
  mine: z.boolean(),
  shared: z.boolean().describe('with everybody who may read the table, and the columns of its filters and order'),
  view: tableView,
});
export type SavedView = z.infer<typeof savedView>;

/** `GET /v1/tables/{table}/views`. */
export const savedViews = z.object({
  views: z.array(savedView).describe("one's own and shared ones, by name"),
  default: z.string().nullable().describe('id of the view that one sees where an address names none'),
});
export type SavedViews = z.infer<typeof savedViews>;
