import type { UndoReport } from '#contracts/http/history';
import type { RowKey } from '#libs/client/history/row-key';
import { ApiError } from '../../api/api-error.ts';
import { lakeloop } from '../../api/lakeloop.ts';
import { sendUndo } from '../history/send-undo.ts';

/** A write of this page, as undo finds it. */
export interface OwnWrite {
  traceId: string;
  /** One of the rows that it wrote. Undefined of an import, which is all of its trace. */
  key: RowKey | undefined;
  /** For the message: "3 rows deleted". */
  what: string;
}

/** Changes of a row that are looked through for the write. */
const LOOKED_AT = 50;

/**
 * Takes a write back by the request that made it: a trace may hold what flows did because of it. Throws `ApiError`: 409 where somebody changed
 * the rows since, 404 where there is no history.
 */
export async function undoWrite({ schema, table }: { schema: string; table: string }, { traceId, key }: OwnWrite): Promise<UndoReport> {
  if (key === undefined) return sendUndo({ trace: traceId });
  const { changes } = await lakeloop().history({ schema, name: table }, { key, pageSize: LOOKED_AT }).page();
  const made = changes.find((change) => change.traceId === traceId);
  if (!made?.request) throw new ApiError(404, 'There is no history of this change: it can’t be taken back here.');
  return sendUndo({ request: made.request });
}
