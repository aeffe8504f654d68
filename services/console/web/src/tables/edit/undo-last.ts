import type { HistoryPage } from '#contracts/http/history';
import { ApiError } from '../../api/api-error.ts';
import { readJson, request, traceparent } from '../../api/request.ts';
import { sendUndo } from '../history/send-undo.ts';

/** A write of this page, as undo finds it. */
export interface OwnWrite {
  traceId: string;
  /** One of the rows that it wrote: its key as JSON. Undefined of an import, which is all of its trace. */
  keyJson: string | undefined;
  /** For the message: "3 rows deleted". */
  what: string;
}

/** Changes of a row that are looked through for the write. */
const LOOKED_AT = 50;

/**
 * Takes a write back by the request that made it: a trace may hold what flows did because of it. Throws `ApiError`: 409 where somebody changed
 * the rows since, 404 where there is no history.
 */
export async function undoWrite({ schema, table }: { schema: string; table: string }, { traceId, keyJson }: OwnWrite): Promise<void> {
  if (keyJson === undefined) return takeBack({ trace: traceId });
  const query = new URLSearchParams({ schema, key: keyJson, limit: String(LOOKED_AT) });
  const { changes } = await readJson<HistoryPage>(await request(`/v1/history/${encodeURIComponent(table)}?${query}`));
  const made = changes.find((change) => change.traceId === traceId);
  if (!made?.request) throw new ApiError(404, 'There is no history of this change: it can’t be taken back here.');
  return takeBack({ request: made.request });
}

async function takeBack(what: { request: string } | { trace: string }): Promise<void> {
  await sendUndo(what, { traceparent: traceparent() });
}
