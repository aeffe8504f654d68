import { HttpException } from '@nestjs/common';
import { classify } from '#libs/failure/classify';
import type { FailureKind } from '#libs/failure/failure-kind';
import { FAILURE_POLICY } from '#libs/failure/policy';

/** RFC 9457 problem details. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail?: string;
  hint?: string;
  [extension: string]: unknown;
}

/** An error whose body is a problem: `code` becomes `type: urn:lakeloop:problem:<code>`. */
export class ProblemException extends HttpException {
  readonly problem: ProblemBody;

  constructor(status: number, code: string, detail: string, extensions: Record<string, unknown> = {}) {
    const problem = { type: `urn:lakeloop:problem:${code}`, title: titleOf(code), status, detail, ...extensions };
    super(problem, status);
    this.problem = problem;
  }
}

/** HTTP status of a failure that reached the edge unhandled. */
const STATUS: Readonly<Record<FailureKind, number>> = {
  'dependency-unavailable': 503,
  timeout: 504,
  conflict: 409,
  overloaded: 503,
  'storage-full': 507,
  'invalid-input': 400,
  forbidden: 403,
  unsupported: 501,
  'poison-record': 422,
  'protocol-violation': 502,
  fenced: 503,
  'position-lost': 410,
  misconfigured: 500,
  bug: 500,
};

/** The problem for anything thrown. A defect of ours tells the caller nothing but that it happened. */
export function problemOf(error: unknown): ProblemBody {
  if (error instanceof ProblemException) return error.problem;
  if (error instanceof HttpException) return fromHttpException(error);
  const framework = fastifyProblem(error);
  if (framework) return framework;
  const failure = classify(error);
  const status = STATUS[failure.kind];
  const detail = status === 500 ? 'An error of ours; it has been logged with this request id.' : failure.message;
  return {
    type: `urn:lakeloop:problem:${failure.kind}`,
    title: titleOf(failure.kind),
    status,
    detail,
    ...(status === 500 ? {} : { hint: FAILURE_POLICY[failure.kind].hint }),
  };
}

function fromHttpException(error: HttpException): ProblemBody {
  const response = error.getResponse();
  const message = typeof response === 'object' && 'message' in response ? response.message : undefined;
  const errors = Array.isArray(message) ? (message as unknown[]).map(String) : undefined;
  return {
    type: 'about:blank',
    title: typeof response === 'object' && 'error' in response ? String(response.error) : titleOf(error.name.replace(/Exception$/, '')),
    status: error.getStatus(),
    detail: errors ? errors.join('; ') : error.message,
    ...(errors ? { errors } : {}),
  };
}

/** Fastify's own refusals (malformed JSON, body too large, media type) carry a 4xx `statusCode`. */
function fastifyProblem(error: unknown): ProblemBody | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  if (error.statusCode < 400 || error.statusCode > 499) return undefined;
  return { type: 'about:blank', title: error.name === 'Error' ? 'Bad Request' : error.name, status: error.statusCode, detail: error.message };
}

function titleOf(code: string): string {
  const words = code
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('-', ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
