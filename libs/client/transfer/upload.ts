import type { Http } from '../http.ts';
import { HttpProblem } from '../http-problem.ts';
import { sendFile } from './send-file.ts';

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
 * PUTs a body that may be of any size, none of it held here. Gives the answer's text. Throws `HttpProblem` for a refusal, `TypeError` where the connection broke, and
 * the signal's reason when it was given up.
 */
export async function upload(http: Http, { path, headers, body, onSent, signal }: Upload): Promise<string> {
  const url = http.url(path);
  const said = { ...headers, 'content-type': 'application/octet-stream' };
  const response =
    body instanceof Blob && 'XMLHttpRequest' in globalThis
      ? await sendFile({ method: 'PUT', url, headers: { ...said, ...(await http.authorization()) }, body, onSent, signal })
      : await http.fetch(url, streamOf(body, { headers: said, onSent, signal }));
  if (!response.ok) throw await HttpProblem.from(response);
  return response.text();
}

function streamOf(body: Bytes, { headers, onSent, signal }: Pick<Upload, 'headers' | 'onSent' | 'signal'>): RequestInit {
  // The DOM's types do not know `duplex` yet.
  const init = { method: 'PUT', headers, body: counted(body instanceof Blob ? body.stream() : body, onSent), duplex: 'half', ...(signal ? { signal } : {}) };
  return init;
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
