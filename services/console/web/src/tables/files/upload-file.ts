import type { FileValue } from '#contracts/http/files';
import { sendFile } from '#libs/client/transfer/send-file';
import { apiErrorOf } from '../../api/api-error.ts';
import { asApiError } from '../../api/lakeloop.ts';

interface UploadAsked {
  file: File;
  /** Told what share of it is sent, 0 to 1. */
  onSent: (share: number) => void;
  signal: AbortSignal;
}

/** Sends a file, and gives the value that a cell of files takes. Throws `ApiError`, with status 0 where the connection broke, and `AbortError` when it was given up. */
export async function uploadFile({ file, onSent, signal }: UploadAsked): Promise<FileValue> {
  const headers = {
    'content-type': file.type || 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encoded(file.name)}`,
  };
  const told = (bytes: number): void => onSent(file.size === 0 ? 1 : Math.min(1, bytes / file.size));
  try {
    const response = await sendFile({ method: 'POST', url: '/v1/files', headers, body: file, onSent: told, signal });
    if (response.status !== 201) throw await apiErrorOf(response);
    return (await response.json()) as FileValue;
  } catch (error) {
    throw await asApiError(error);
  }
}

/** RFC 8187: what `encodeURIComponent` leaves and a parameter does not take. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
