/** What may be said with a write. */
export interface WriteOptions {
  /** Why: kept in the history of what is written. */
  reason?: string | undefined;
  /** W3C Trace Context of what the write belongs to. Default: a new trace. */
  traceparent?: string | undefined;
  signal?: AbortSignal | undefined;
}

export function writeHeaders({ reason = '', traceparent }: WriteOptions): Record<string, string> {
  return {
    ...(reason.trim() === '' ? {} : { 'lakeloop-reason': encodeURIComponent(reason.trim()) }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
