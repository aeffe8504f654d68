import { createClient, HttpProblem, type LakeloopClient } from '#libs/client/client';
import { ApiError, apiErrorOf } from './api-error.ts';
import { request } from './request.ts';

let client: LakeloopClient | undefined;

/** The client of this page's own origin, signed in by its cookie. Refusals are `ApiError`, status 0 when there was no answer at all. */
export function lakeloop(): LakeloopClient {
  return (client ??= createClient({ url: '', fetch: (input, init) => request(input, init) }));
}

/** What the client throws by itself, where no request of `lakeloop` was refused, as the page knows it. */
export async function asApiError(error: unknown): Promise<unknown> {
  if (error instanceof HttpProblem) return apiErrorOf(Response.json(error.problem, { status: error.status }));
  return error instanceof TypeError ? new ApiError(0, 'The connection broke.') : error;
}
