import type { Problem } from '#contracts/http/problem';

/** The service said no. `problem` is its RFC 9457 body, where there was one. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'HttpProblem';
    this.status = problem.status;
    this.problem = problem;
  }

  /** Whether trying again can help: the service or something behind it is down, or busy. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 408 || this.status === 425 || this.status === 429;
  }

  static async from(response: Response): Promise<HttpProblem> {
    const text = await response.text().catch(() => '');
    return new HttpProblem(parse(text) ?? { type: 'about:blank', title: response.statusText || `HTTP ${response.status}`, status: response.status });
  }
}

function parse(text: string): Problem | undefined {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return typeof body?.status === 'number' && typeof body.title === 'string' ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}
