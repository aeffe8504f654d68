import { Client } from 'undici';

export interface LoadOptions {
  url: string;
  headers: () => Record<string, string>;
  body: string;
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

/** Posts as fast as answers come, one request in flight on each connection. Any status but 2xx throws. */
export async function load({ url, headers, body, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const { origin, pathname } = new URL(url);
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1_000;
  const worker = async (): Promise<void> => {
    const client = new Client(origin, { pipelining: 1 });
    while (performance.now() < until) {
      const sent = performance.now();
      const response = await client.request({ path: pathname, method: 'POST', headers: headers(), body });
      const answer = await response.body.text();
      if (response.statusCode >= 300) throw new Error(`${response.statusCode} ${answer}`);
      latencies.push(performance.now() - sent);
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { requests: latencies.length, perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99) };
}
