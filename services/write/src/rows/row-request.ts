/** A request to `/rest/v1/<table>`, free of the HTTP framework. Header names are in lower case. */
export interface RowRequest {
  method: string;
  table: string;
  /** Raw, without `?`. */
  queryString: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer | undefined;
}

export interface RowAnswer {
  status: number;
  headers: Record<string, string>;
  /** JSON text as PostgreSQL built it; undefined for no body at all. */
  body: string | undefined;
}

export const READS = ['GET', 'HEAD'] as const;
export const WRITES = ['POST', 'PATCH', 'DELETE'] as const;

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
