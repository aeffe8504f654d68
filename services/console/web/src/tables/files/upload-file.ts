import type { FileValue } from '#contracts/http/files';
import { ApiError, apiErrorOf } from '../../api/api-error.ts';

export interface UploadAsked {
  file: File;
  /** Told what share of it is sent, 0 to 1. */
  onSent: (share: number) => void;
  signal: AbortSignal;
}

/**
 * Sends a file, and gives the value that a cell of files takes. By XMLHttpRequest, since fetch does not tell how much is sent; the browser reads the file from disk as it
 * goes. Throws `ApiError`, with status 0 where the connection broke, and `AbortError` when it was given up.
 */
export function uploadFile({ file, onSent, signal }: UploadAsked): Promise<FileValue> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const abort = (): void => sending.abort();
    sending.open('POST', '/v1/files');
    sending.setRequestHeader('content-type', file.type || 'application/octet-stream');
    sending.setRequestHeader('content-disposition', `attachment; filename*=UTF-8''${encoded(file.name)}`);
    sending.upload.addEventListener('progress', ({ loaded }) => onSent(file.size === 0 ? 1 : Math.min(1, loaded / file.size)));
    sending.addEventListener('load', () => {
      if (sending.status === 201) resolve(JSON.parse(sending.responseText) as FileValue);
      else void apiErrorOf(new Response(sending.responseText, { status: sending.status })).then(reject);
    });
    sending.addEventListener('error', () => reject(new ApiError(0, 'The connection broke.')));
    sending.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    sending.addEventListener('loadend', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort);
    sending.send(file);
  });
}

/** RFC 8187: what `encodeURIComponent` leaves and a parameter does not take. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
