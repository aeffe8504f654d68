/** A request that was refused, in one shape for problem+json (`/v1`) and PostgREST's errors (`/rest/v1`). */
export class ApiError extends Error {
  readonly status: number;
  /** SQLSTATE, PGRST code or problem type. */
  readonly code: string;
  readonly hint: string | undefined;
  /** The state a case was in, where a state machine refused. */
  readonly state: string | undefined;
  /** Which change of many was refused, from 0. */
  readonly change: number | undefined;

  constructor(status: number, message: string, extra: { code?: string; hint?: string; state?: string; change?: number } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = extra.code ?? '';
    this.hint = extra.hint;
    this.state = extra.state;
    this.change = extra.change;
  }
}

/** Reads a refusal's body, whichever of the two dialects it speaks. */
export async function apiErrorOf(response: Response): Promise<ApiError> {
  const body = parsed(await response.text().catch(() => ''));
  const details = typeof body.details === 'string' ? parsed(body.details) : parsed(JSON.stringify(body.details ?? {}));
  const message = text(body.message) ?? text(body.detail) ?? text(body.title) ?? `The server answered ${response.status}.`;
  const state = text(details.state) ?? text(body.state);
  const hint = text(body.hint);
  return new ApiError(response.status, message, {
    code: text(body.code) ?? text(body.type) ?? '',
    ...(hint === undefined ? {} : { hint }),
    ...(state === undefined ? {} : { state }),
    ...(typeof body.change === 'number' ? { change: body.change } : {}),
  });
}

function parsed(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
