/** State of a page's change stream. `refused`: closed by the server, for good. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'refused';

/** What the shell shows of it. */
export interface ConnectionView {
  connection: Connection;
  /** Why the stream or a part of it can't be had. */
  problem: string | undefined;
}
