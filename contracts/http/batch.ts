/** Requests that one batch takes. */
export const MOST_BATCH_REQUESTS = 1_000;

/** `POST /v1/batch`: row requests, answered in one transaction and in their order. */
export interface Batch {
  requests: {
    method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
    /** `<table>?<query>`, percent-encoded. */
    path: string;
    schema?: string;
    /** Of `prefer`, `accept`, `range`, `range-unit`, `if-match`, `content-type`; who asks, and why, is said once. */
    headers?: Record<string, string>;
    body?: unknown;
    /** Of a PATCH of a table, in the place of query and body: rows, each by its key and to values of its own, where they are what they were seen as (`was`). All, or 412. */
    changes?: { key: Record<string, unknown>; was?: Record<string, unknown>; set: Record<string, unknown> }[];
  }[];
}

/** Its answer; of a batch that was carried out before under the same key, the statuses alone. */
export interface BatchAnswers {
  answers: { status: number; headers: Record<string, string>; body: unknown }[];
}
