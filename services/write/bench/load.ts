import { Client } from 'undici';

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface LoadOptions {
  /** Base URL and next request of an HTTP target; or `work`, what each connection does over and over. */
  url?: string;
  call?: () => Call;
  work?: () => Promise<void>;
  connections: number;
  seconds: number;
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** Asks as fast as answers come, one request in flight on each connection. Any status but 2xx throws. */
export async function load({ url, call, work, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1_000;
  const worker = async (): Promise<void> => {
    const client = url === undefined ? undefined : new Client(url, { pipelining: 1 });
    while (performance.now() < until) {
      const sent = performance.now();
      if (client && call) await send(client, call());
      else await work?.();
      latencies.push(performance.now() - sent);
    }
    await client?.close();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { requests: latencies.length, perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

async function send(client: Client, { method, path, headers, body }: Call): Promise<void> {
  const response = await client.request({ path, method, headers, ...(body === undefined ? {} : { body }) });
  const answer = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${response.statusCode} ${answer}`);
}
