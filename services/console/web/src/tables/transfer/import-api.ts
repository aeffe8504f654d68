import type { ImportReport } from '#contracts/http/imports';
import { ApiError, apiErrorOf } from '../../api/api-error.ts';
import { readJson, request } from '../../api/request.ts';

export interface ImportAsked {
  schema: string;
  table: string;
  format: 'csv' | 'ndjson';
  mode: 'all-or-nothing' | 'skip-bad';
  columns: { name: string; column: string }[] | undefined;
}

export async function beginImport({ columns, ...asked }: ImportAsked): Promise<ImportReport> {
  const body = JSON.stringify({ ...asked, ...(columns ? { columns } : {}) });
  return readJson<ImportReport>(await request('/v1/imports', { method: 'POST', headers: { 'content-type': 'application/json' }, body }));
}

export async function fetchImport(id: string, signal?: AbortSignal): Promise<ImportReport> {
  return readJson<ImportReport>(await request(`/v1/imports/${encodeURIComponent(id)}`, signal ? { signal } : {}));
}

export interface Feed {
  id: string;
  file: Blob;
  /** Where the file goes on. */
  offset: number;
  /** Told bytes of the file that are sent. */
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Sends the file from an offset on; the browser reads it from disk as it goes. By XMLHttpRequest, since fetch does not tell how much is sent. Resolves once the
 * service has taken all of it; throws `ApiError`, with status 0 where the connection broke, and `AbortError` when it was given up.
 */
export function feedImport({ id, file, offset, onSent, signal }: Feed): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const abort = (): void => sending.abort();
    sending.open('PUT', `/v1/imports/${encodeURIComponent(id)}/content`);
    sending.setRequestHeader('content-type', 'application/octet-stream');
    sending.setRequestHeader('upload-offset', String(offset));
    sending.upload.addEventListener('progress', ({ loaded }) => onSent(offset + loaded));
    sending.addEventListener('load', () => (sending.status < 300 ? resolve() : void refusalOf(sending).then(reject)));
    sending.addEventListener('error', () => reject(new ApiError(0, 'The connection broke.')));
    sending.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    sending.addEventListener('loadend', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort);
    sending.send(file.slice(offset));
  });
}

function refusalOf({ status, responseText }: XMLHttpRequest): Promise<ApiError> {
  return apiErrorOf(new Response(responseText, { status }));
}
