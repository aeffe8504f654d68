/** Many subscribers in one process, as cheap as can be: raw sockets, one scan of the bytes for when each change was sent. */
import { connect } from 'node:net';

export interface Readings {
  deliveries: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  max: number;
}

const [url = '', token = '', count = '1'] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const MARK = Buffer.from('"sent":"');
const latencies: number[] = [];
let started = 0;
let ready = 0;
let expected = Infinity;

function subscribe(): void {
  if (started === Number(count)) return;
  started += 1;
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let live = false;
  socket.write(`GET /v1/changes/bench.item HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n\r\n`);
  socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
  socket.on('data', (bytes) => {
    const now = performance.timeOrigin + performance.now();
    if (!live && bytes.includes('event: ready')) {
      live = true;
      ready += 1;
      subscribe();
      if (ready === Number(count)) process.send?.('ready');
    }
    for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) {
      latencies.push(now - Number(bytes.toString('latin1', at + MARK.length, at + MARK.length + 17)));
    }
    if (latencies.length >= expected) finish();
  });
}

function finish(): void {
  expected = Infinity;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  process.send?.({ deliveries: latencies.length, p50: at(0.5), p99: at(0.99), max: at(1) } satisfies Readings);
}

process.on('message', (message: { expected: number }) => {
  expected = message.expected;
  if (latencies.length >= expected) finish();
});

for (let i = 0; i < 20; i += 1) subscribe();
