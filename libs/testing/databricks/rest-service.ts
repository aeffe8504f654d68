import { randomUUID } from 'node:crypto';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export interface Answer {
  status: number;
  body: unknown;
}

interface Run {
  runId: number;
  jobId: number;
  state: 'RUNNING' | 'TERMINATED';
  result: 'SUCCESS' | 'FAILED' | 'CANCELED' | undefined;
  parameters: unknown;
}

/** What a served model does in this double: records in, predictions out; an exception is the model's own error. */
export type Model = (records: readonly Readonly<Record<string, unknown>>[]) => unknown[];

/** The REST side of a workspace: token endpoint, Jobs, Model Serving. */
export class RestService {
  /** client id → secret. */
  readonly clients = new Map<string, string>();
  /** Tokens that are good, with the user they stand for. */
  readonly tokens = new Map<string, string>();
  /** Tokens of another issuer that a federation policy lets in, with the user they stand for. */
  readonly federated = new Map<string, string>();
  readonly jobs = new Set<number>();
  readonly models = new Map<string, Model>();
  readonly runs = new Map<number, Run>();
  readonly #runByToken = new Map<string, number>();
  tokensIssued = 0;
  tokenLifetimeSeconds = 3600;

  /** Who asks; undefined: nobody that this workspace knows. */
  userOf(authorization: string | undefined): string | undefined {
    return authorization?.startsWith('Bearer ') ? this.tokens.get(authorization.slice('Bearer '.length)) : undefined;
  }

  discovery(origin: string): Answer {
    return {
      status: 200,
      body: {
        issuer: `${origin}/oidc`,
        token_endpoint: `${origin}/oidc/v1/token`,
        grant_types_supported: ['client_credentials', TOKEN_EXCHANGE],
        scopes_supported: ['all-apis'],
      },
    };
  }

  /** OAuth 2.0 client credentials (RFC 6749 §4.4), credentials by HTTP Basic; or a token exchange (RFC 8693), without any. */
  token(authorization: string | undefined, form: URLSearchParams): Answer {
    if (form.get('scope') !== 'all-apis') return { status: 400, body: { error: 'invalid_scope' } };
    if (form.get('grant_type') === TOKEN_EXCHANGE) return this.#exchange(form);
    const [id = '', secret = ''] = Buffer.from((authorization ?? '').replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
      .map(decodeURIComponent);
    if (this.clients.get(id) === undefined || this.clients.get(id) !== secret) return { status: 401, body: { error: 'invalid_client' } };
    if (form.get('grant_type') !== 'client_credentials') return { status: 400, body: { error: 'unsupported_grant_type' } };
    return this.#issue(id);
  }

  #exchange(form: URLSearchParams): Answer {
    if (form.get('subject_token_type') !== 'urn:ietf:params:oauth:token-type:jwt') return { status: 400, body: { error: 'invalid_request' } };
    const user = this.federated.get(form.get('subject_token') ?? '');
    return user === undefined ? { status: 400, body: { error: 'invalid_grant' } } : this.#issue(user);
  }

  #issue(user: string): Answer {
    const token = `oauth-${randomUUID()}`;
    this.tokens.set(token, user);
    this.tokensIssued += 1;
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: this.tokenLifetimeSeconds, scope: 'all-apis' } };
  }

  call(method: string, url: URL, body: unknown): Answer {
    const route = `${method} ${url.pathname}`;
    const input = (body ?? {}) as Record<string, unknown>;
    if (route === 'POST /api/2.2/jobs/run-now') return this.#runNow(input);
    if (route === 'GET /api/2.2/jobs/runs/get') return this.#getRun(Number(url.searchParams.get('run_id')));
    if (route === 'POST /api/2.2/jobs/runs/cancel') return this.#cancelRun(Number(input['run_id']));
    const endpoint = /^POST \/serving-endpoints\/([^/]+)\/invocations$/.exec(route)?.[1];
    if (endpoint !== undefined) return this.#invoke(decodeURIComponent(endpoint), input);
    return { status: 404, body: { error_code: 'ENDPOINT_NOT_FOUND', message: `No API found for '${route}'` } };
  }

  finish(runId: number, result: 'SUCCESS' | 'FAILED'): void {
    const run = this.runs.get(runId);
    if (run) Object.assign(run, { state: 'TERMINATED', result });
  }

  #runNow(input: Record<string, unknown>): Answer {
    const jobId = input['job_id'];
    const token = input['idempotency_token'];
    if (typeof jobId !== 'number' || (token !== undefined && (typeof token !== 'string' || token.length > 64))) return invalid('job_id and idempotency_token');
    if (!this.jobs.has(jobId)) return invalid(`Job ${jobId} does not exist.`);
    const known = typeof token === 'string' ? this.#runByToken.get(token) : undefined;
    if (known !== undefined) return { status: 200, body: { run_id: known } };
    const runId = 1000 + this.runs.size;
    this.runs.set(runId, { runId, jobId, state: 'RUNNING', result: undefined, parameters: input['job_parameters'] ?? null });
    if (typeof token === 'string') this.#runByToken.set(token, runId);
    return { status: 200, body: { run_id: runId } };
  }

  #getRun(runId: number): Answer {
    const run = this.runs.get(runId);
    if (!run) return invalid(`Run ${runId} does not exist.`);
    const state = { life_cycle_state: run.state, ...(run.result ? { result_state: run.result } : {}), state_message: '' };
    return {
      status: 200,
      body: {
        job_id: run.jobId,
        run_id: run.runId,
        state,
        run_page_url: `https://localhost/jobs/runs/${run.runId}`,
        start_time: 1,
        end_time: run.result ? 2 : 0,
      },
    };
  }

  #cancelRun(runId: number): Answer {
    const run = this.runs.get(runId);
    if (!run) return invalid(`Run ${runId} does not exist.`);
    Object.assign(run, { state: 'TERMINATED', result: 'CANCELED' });
    return { status: 200, body: {} };
  }

  #invoke(name: string, input: Record<string, unknown>): Answer {
    const model = this.models.get(name);
    if (!model) return { status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `The endpoint ${name} does not exist.` } };
    const records = recordsOf(input);
    if (!records) return { status: 400, body: { error_code: 'BAD_REQUEST', message: 'Invalid input: dataframe_records or dataframe_split expected.' } };
    try {
      return { status: 200, body: { predictions: model(records) } };
    } catch (error) {
      return { status: 400, body: { error_code: 'BAD_REQUEST', message: `Encountered an unexpected error: ${String(error)}` } };
    }
  }
}

function invalid(message: string): Answer {
  return { status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE', message } };
}

function recordsOf(input: Record<string, unknown>): Record<string, unknown>[] | undefined {
  const records = input['dataframe_records'];
  if (Array.isArray(records)) return records as Record<string, unknown>[];
  const split = input['dataframe_split'] as { columns?: string[]; data?: unknown[][] } | undefined;
  if (!Array.isArray(split?.columns) || !Array.isArray(split.data)) return undefined;
  const { columns, data } = split;
  return data.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
}
