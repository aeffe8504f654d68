import type { Readable } from 'node:stream';

/** A request to `/rest/v1/<table>`, free of the HTTP framework. Header names are in lower case. */
export interface RowRequest {
  method: string;
  table: string;
  /** Raw, without `?`. */
  queryString: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer | undefined;
  /** Where the answer goes; for those that stop working when nobody listens any more. */
  connection?: Connection;
}

/** The part of Node's response that tells of its end: `close` comes in any case, after it was all written or before. */
export interface Connection {
  readonly writableFinished: boolean;
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

export interface RowAnswer {
  status: number;
  headers: Record<string, string>;
  /** Headers that the database sets itself, each in one line or several. */
  repeated?: Readonly<Record<string, readonly string[]>>;
  /** Text, mostly JSON, or bytes; a stream where it may be long; undefined for no body at all. */
  body: string | Buffer | Readable | undefined;
  /** Rows in it, where no `Content-Range` tells. */
  rows?: number;
}

export const READS = ['GET', 'HEAD'] as const;
export const WRITES = ['POST', 'PATCH', 'DELETE', 'PUT'] as const;

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
