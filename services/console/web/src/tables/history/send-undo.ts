import type { UndoProgress, UndoReport } from '#contracts/http/history';
import { type JsonValue, stringifyJson } from '#contracts/topics/json';
import { apiErrorOf, ApiError } from '../../api/api-error.ts';
import { readJson, request } from '../../api/request.ts';

/** How often an undo of many rows is looked at. */
const LOOK_MS = 1_000;

/** Told while an undo of many rows goes on. */
export type OnProgress = (progress: UndoProgress) => void;

/** Takes something back; one of many rows goes on in the server, and is looked at until it has ended. Throws `ApiError`: 409 where somebody changed it since. */
export async function sendUndo(body: JsonValue, headers: Record<string, string>, onProgress?: OnProgress): Promise<UndoReport> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: stringifyJson(body) };
  let answer = await readJson<UndoReport | UndoProgress>(await request('/v1/undo', init));
  while ('state' in answer) {
    if (answer.report) return answer.report;
    if (answer.state !== 'running') throw await failureOf(answer);
    onProgress?.(answer);
    await new Promise((done) => setTimeout(done, LOOK_MS));
    answer = await readJson<UndoProgress>(await request(`/v1/undo/${answer.id}`));
  }
  return answer;
}

export async function cancelUndo(id: string): Promise<void> {
  await request(`/v1/undo/${id}/cancel`, { method: 'POST' });
}

/** As if the request itself had been refused. */
async function failureOf({ failure, state }: UndoProgress): Promise<ApiError> {
  if (state === 'cancelled' || failure === null) return new ApiError(409, 'It was cancelled: nothing was changed.');
  return apiErrorOf(new Response(stringifyJson(failure as JsonValue), { status: Number(failure['status']) }));
}
