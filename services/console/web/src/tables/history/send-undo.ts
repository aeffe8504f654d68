import type { UndoProgress, UndoReport } from '#contracts/http/history';
import type { UndoOptions } from '#libs/client/history/undo';
import { asApiError, lakeloop } from '../../api/lakeloop.ts';

/** Told while an undo of many rows goes on. */
export type OnProgress = (progress: UndoProgress) => void;

/** Takes something back; one of many rows goes on in the server, and is looked at until it has ended. Throws `ApiError`: 409 where somebody changed it since. */
export async function sendUndo(options: UndoOptions): Promise<UndoReport> {
  try {
    return await lakeloop().undo(options);
  } catch (error) {
    throw await asApiError(error);
  }
}
