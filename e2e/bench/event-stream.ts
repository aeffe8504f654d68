import { createParser } from 'eventsource-parser';

export interface OpenStream {
  close(): void;
}

/** A bare server-sent-events reader, so that the figures are the service's and not a client's. Resolves once the stream is `ready`. */
export async function openStream(
  url: string,
  token: string,
  onChange: (change: { op: string; after: Record<string, unknown> | null; ts_ms: number }) => void,
): Promise<OpenStream> {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' }, signal: abort.signal });
  if (!response.ok || !response.body) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  const ready = Promise.withResolvers<void>();
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'ready') ready.resolve();
      else if (event === 'change') onChange(JSON.parse(data) as Parameters<typeof onChange>[0]);
      else if (event === 'reset') ready.reject(new Error(`reset: ${data}`));
    },
  });
  void read(response.body, parser.feed.bind(parser)).catch((error: unknown) => ready.reject(error as Error));
  await ready.promise;
  return { close: () => abort.abort() };
}

async function read(body: ReadableStream<Uint8Array>, feed: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of body) feed(decoder.decode(chunk, { stream: true }));
}
