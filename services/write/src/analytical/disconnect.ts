import { ApiError } from '../rows/api-error.ts';
import type { Connection } from '../rows/row-request.ts';

/** Nobody waits for the answer any more. */
export class Disconnected extends ApiError {
  constructor() {
    super(499, 'PGRST003', 'The client closed the connection');
  }
}

/** A controller that aborts when the connection closes before its answer is out. `release` ends listening. */
export function abortOnClose(connection: Connection | undefined): { controller: AbortController; release: () => void } {
  const controller = new AbortController();
  if (!connection) return { controller, release: () => undefined };
  const closed = (): void => {
    if (!connection.writableFinished) controller.abort(new Disconnected());
  };
  if (connection.destroyed) closed();
  connection.once('close', closed);
  return { controller, release: () => void connection.off('close', closed) };
}
