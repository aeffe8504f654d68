/** RFC 9457 problem details: every error body under `/v1`. `type` is `about:blank` or `urn:lakeloop:problem:<code>`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** What the caller can do about it. */
  hint?: string;
  /** Current state, conflicting value and the like, by name. */
  [extension: string]: unknown;
}
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';
