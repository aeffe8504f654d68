/** A file on its way. */
export interface FileRequest {
  method: 'POST' | 'PUT';
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Blob;
  /** Told bytes of the file that are on their way. */
  onSent: (bytes: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * `fetch` of a browser for a file, by XMLHttpRequest: `fetch` does not tell there how much is sent, and takes no stream over HTTP/1.1. The browser reads the file from
 * disk as it goes. Throws `TypeError` where the connection broke, and the signal's reason when it was given up.
 */
export function sendFile({ method, url, headers, body, onSent, signal }: FileRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const abort = (): void => sending.abort();
    sending.open(method, url);
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
    sending.addEventListener('load', () => resolve(new Response(sending.responseText || null, { status: sending.status })));
    sending.addEventListener('error', () => reject(new TypeError('The connection broke.')));
    sending.addEventListener('abort', () => reject(signal?.reason instanceof Error ? signal.reason : new DOMException('given up', 'AbortError')));
    sending.addEventListener('loadend', () => signal?.removeEventListener('abort', abort));
    signal?.addEventListener('abort', abort);
    sending.send(body);
  });
}
