import { parseJson } from '#contracts/topics/json';
import { ApiError, apiErrorOf } from './api-error.ts';

/** Fetches from this origin with the session cookie. Throws `ApiError`: status 0 when there was no answer at all. */
export async function request(path: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server can’t be reached.');
  }
  if (!response.ok) throw await apiErrorOf(response);
  return response;
}

/** Reads JSON without losing digits of large integers. */
export async function readJson<T>(response: Response): Promise<T> {
  return parseJson(await response.text()) as T;
}

export function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** W3C traceparent of a new step: of the given trace, or of a new one. */
export function traceparent(traceId?: string): string {
  return `00-${traceId ?? randomHex(16)}-${randomHex(8)}-01`;
}
