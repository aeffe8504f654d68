import type { Http } from '../http.ts';
import { HttpProblem } from '../http-problem.ts';

/** A file, or its bytes as they come: a web stream, a Node stream, a generator. Text is UTF-8. */
export type Bytes = Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>;

export interface Upload {
  path: string;
  headers: Readonly<Record<string, string>>;
  body: Bytes;
  /** Told bytes of the body that are on their way. */
  onSent: (bytes: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * PUTs a body that may be of any size, none of it held here. In a browser a file goes by XMLHttpRequest, for `fetch` does not tell there how much of it is sent, and
 * takes no stream over HTTP/1.1. Gives the answer's text. Throws `HttpProblem` for a refusal, `TypeError` where the connection broke, and the signal's reason when it was given up.
 */
export async function upload(http: Http, { path, headers, body, onSent, signal }: Upload): Promise<string> {
  const said = { ...headers, 'content-type': 'application/octet-stream' };
  if (body instanceof Blob && 'XMLHttpRequest' in globalThis)
    return uploadFile(http, { path, headers: { ...said, ...(await http.authorization()) }, body, onSent, signal });
  const stream = counted(body instanceof Blob ? body.stream() : body, onSent);
  const init = { method: 'PUT', headers: said, body: stream, duplex: 'half', ...(signal ? { signal } : {}) };
  const response = await http.fetch(http.url(path), init);
  if (!response.ok) throw await HttpProblem.from(response);
  return response.text();
}

function uploadFile(http: Http, { path, headers, body, onSent, signal }: Upload & { body: Blob }): Promise<string> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const abort = (): void => sending.abort();
    sending.open('PUT', http.url(path));
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
    sending.addEventListener('load', () => (sending.status < 300 ? resolve(sending.responseText) : void refusalOf(sending).then(reject)));
    sending.addEventListener('error', () => reject(new TypeError('The connection broke.')));
    sending.addEventListener('abort', () => reject(signal?.reason instanceof Error ? signal.reason : new DOMException('given up', 'AbortError')));
    sending.addEventListener('loadend', () => signal?.removeEventListener('abort', abort));
    signal?.addEventListener('abort', abort);
    sending.send(body);
  });
}

function refusalOf({ status, responseText }: XMLHttpRequest): Promise<HttpProblem> {
  return HttpProblem.from(new Response(responseText, { status }));
}

/** The same bytes, read no faster than they are sent. */
function counted(body: Exclude<Bytes, Blob>, onSent: (bytes: number) => void): ReadableStream<Uint8Array> {
  const source = chunks(body);
  const encoder = new TextEncoder();
  let sent = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await source.next();
        if (next.done === true) return controller.close();
        const bytes = typeof next.value === 'string' ? encoder.encode(next.value) : next.value;
        controller.enqueue(bytes);
        onSent((sent += bytes.length));
      },
      cancel: async () => void (await source.return?.()),
    },
    { highWaterMark: 0 },
  );
}

/** By its reader: not every browser lets a stream be iterated. */
async function* readerOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) yield chunk.value;
  } finally {
    await reader.cancel();
  }
}

function chunks(body: Exclude<Bytes, Blob>): AsyncIterator<Uint8Array | string> {
  return body instanceof ReadableStream ? readerOf(body) : body[Symbol.asyncIterator]();
}
