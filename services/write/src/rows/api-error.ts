/** Body of every error under `/rest/v1`, as PostgREST shapes it. */
export interface ApiErrorBody {
  code: string;
  message: string;
  details: string | null | readonly Readonly<Record<string, string>>[];
  hint: string | null;
}

export interface ApiErrorExtras {
  details?: ApiErrorBody['details'];
  hint?: string | null;
  headers?: Readonly<Record<string, string>>;
}

/** An answer other than success: HTTP status, PostgREST's code (PGRSTxyz) or a SQLSTATE, and what to say. Never holds a secret. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ApiErrorBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, { details = null, hint = null, headers = {} }: ApiErrorExtras = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.body = { code, message, details, hint };
    this.headers = headers;
  }
}
