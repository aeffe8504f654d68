import { asApiError, lakeloop } from '../../api/lakeloop.ts';

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
 * Sends the file from an offset on; the browser reads it from disk as it goes. Resolves once the service has taken all of it; throws `ApiError`, with status 0 where
 * the connection broke, and `AbortError` when it was given up.
 */
export async function feedImport({ id, file, ...options }: Feed): Promise<void> {
  try {
    await lakeloop().imports.feed(id, file.slice(options.offset), options);
  } catch (error) {
    throw await asApiError(error);
  }
}
