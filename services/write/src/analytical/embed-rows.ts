import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { AnalyticalEmbed } from '../rows/analytical-layer.ts';
import { ApiError } from '../rows/api-error.ts';
import { isGrouped } from '../rows/query/select-names.ts';
import { unknownRelationship } from '../rows/target.ts';
import type { AnalyticalTable } from './analytical-table.ts';
import type { LakeWork, OpenRead } from './lake-work.ts';
import { unsupported } from './refusals.ts';
import { rowWriter } from './row-text.ts';

/** Most related rows of one page: they are held until the page is put together. */
const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;

export interface RelatedRequest extends AnalyticalEmbed {
  table: AnalyticalTable;
  /** Column of the analytical table that holds the keys. */
  column: string;
  keys: readonly string[];
}

/** Rows of a page's related table by key, in one query. */
export async function relatedRows(open: (work: LakeWork) => Promise<OpenRead>, request: RelatedRequest): Promise<ReadonlyMap<string, readonly string[]>> {
  const { embed, table, column, keys, caller, catalogue, trace } = request;
  const { query } = embed;
  const [nested] = query.embeds;
  if (nested) throw unknownRelationship(embed.relation, nested.relation);
  if (isGrouped(query.select)) throw unsupported('aggregates of an embedded analytical table', 'Ask the analytical table itself.');
  const { page, read } = await open({
    request: request.request,
    caller,
    catalogue,
    trace,
    table,
    query: { ...query, limit: null, offset: 0 },
    limit: MOST_ROWS + 1,
    offset: 0,
    keys: { column, values: keys },
  });
  try {
    const write = rowWriter(read.outputs, false);
    const key = (row: readonly LakeValue[]): string => JSON.stringify([row[read.keyAt], write(row)]);
    const { texts, more } = await page.head(key, { rows: MOST_ROWS + 1, characters: MOST_CHARACTERS });
    if (more || texts.length > MOST_ROWS) throw tooMany(embed.relation);
    return grouped(texts, query.offset, query.limit ?? Infinity);
  } finally {
    await page.close();
  }
}

/** `limit` and `offset` of an embedded table are each key's. */
function grouped(texts: readonly string[], offset: number, limit: number): Map<string, string[]> {
  const byKey = new Map<string, string[]>();
  for (const text of texts) {
    const [key, row] = JSON.parse(text) as [string, string];
    const list = byKey.get(key);
    if (list) list.push(row);
    else byKey.set(key, [row]);
  }
  return new Map([...byKey].map(([key, list]) => [key, list.slice(offset, offset + limit)]));
}

function tooMany(relation: string): ApiError {
  return new ApiError(400, 'PGRST124', `The page has more than ${MOST_ROWS} related rows in '${relation}'`, {
    hint: 'Ask for a shorter page, or filter the related rows.',
  });
}
