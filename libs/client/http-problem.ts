import type { Problem } from '#contracts/http/problem';

/** What a caller can do about a refusal that does not say it itself. */
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'Sign in again, or give a token that has not ended.',
  403: 'Ask whoever owns the table for the right.',
  404: 'Look at its name, and whether you may see it.',
  408: 'Try again.',
  409: 'Look at what is there now, and decide again.',
  412: 'Read the row again: somebody changed it.',
  413: 'Send less at once.',
  429: 'Try again later.',
  502: 'Try again in a moment.',
  503: 'Try again in a moment.',
  504: 'Ask for less, or try again in a moment.',
};

/** The service said no: `/v1` in a problem (RFC 9457), the row API in PostgREST's words; here both are one. */
export class HttpProblem extends Error {
  readonly status: number;
  /** The body, where there was one. Of PostgREST's errors: `message` as `detail`, and `code`, `details` and `hint` beside it. */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'HttpProblem';
    this.status = problem.status;
    this.problem = problem;
  }

  /** SQLSTATE, PostgREST's code, or the name of a problem's type (`changed-since`); `''` where there is none. */
  get code(): string {
    const { code, type } = this.problem;
    if (typeof code === 'string') return code;
    return type.startsWith(OURS) ? type.slice(OURS.length) : '';
  }

  /** What to do about it, as the service says it, or what such a status asks for; `''` where nobody knows. */
  get hint(): string {
    return this.problem.hint ?? BY_STATUS[this.status] ?? '';
  }

  /** Whether trying again can help: the service or something behind it is down, or busy. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 408 || this.status === 425 || this.status === 429;
  }

  static async from(response: Response): Promise<HttpProblem> {
    const text = await response.text().catch(() => '');
    const empty = { type: 'about:blank', title: response.statusText || `HTTP ${response.status}`, status: response.status };
    return new HttpProblem(problemIn(text, empty));
  }
}

const OURS = 'urn:lakeloop:problem:';

function problemIn(text: string, empty: Problem): Problem {
  const body = parsed(text);
  if (typeof body['status'] === 'number' && typeof body['title'] === 'string') return { ...body, type: textOf(body['type']) ?? 'about:blank' } as Problem;
  const message = textOf(body['message']);
  if (message === undefined) return empty;
  const { message: _message, hint, ...more } = body;
  return { ...more, ...empty, detail: message, ...(typeof hint === 'string' ? { hint } : {}) };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
