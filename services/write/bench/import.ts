import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { cpuSeconds } from './cpu.ts';
import { query, withStand } from './stand.ts';

/**
 * An import of CSV with history on: rows/s and the service's peak memory, for a file and for one ten times as long. Six columns; one client, one stream.
 *
 * `npm run bench -- import [rows]`
 */
const ROWS = Number(process.argv[2] ?? 200_000);

await withStand(async ({ postgres, governed, authorization }) => {
  await query(
    postgres.url,
    'create table app.wide (id bigint primary key, account text not null, amount numeric(14,2) not null, currency text not null, booked_at timestamptz not null, note text)',
  );
  await query(postgres.url, `grant select, insert, delete on app.wide to analyst; select lakeloop.adopt('app.wide')`);
  for (let ready = false; !ready;) ready = (await fetch(`${governed.url}/rest/v1/wide?limit=1`, { headers: { authorization } })).ok;
  console.log('import of CSV, six columns, history on (goal ≥ 40,000 rows/s, memory that does not grow with the file)');
  let next = 0;
  for (const mode of ['skip-bad', 'all-or-nothing'])
    for (const rows of [ROWS, ROWS * 10]) {
      const headers = { authorization, 'content-type': 'application/json' };
      const begun = await fetch(`${governed.url}/v1/imports`, { method: 'POST', headers, body: JSON.stringify({ table: 'wide', format: 'csv', mode }) });
      const { id } = (await begun.json()) as { id: string };
      const before = { at: performance.now(), service: cpuSeconds(governed.pid), postgres: cpuSeconds(postgres.pid, true) };
      const body = Readable.from(csv(next, rows));
      next += rows;
      const answer = await fetch(`${governed.url}/v1/imports/${id}/content`, {
        method: 'PUT',
        headers: { authorization },
        body,
        duplex: 'half',
      } as unknown as RequestInit);
      const report = (await answer.json()) as { state: string; inserted: number };
      const seconds = (performance.now() - before.at) / 1_000;
      const each = (name: 'service' | 'postgres', now: number): string => (((now - before[name]) / rows) * 1e6).toFixed(1);
      console.log(
        `${mode.padEnd(14)} ${String(rows).padStart(9)} rows  ${report.state}, ${report.inserted} inserted  ${(rows / seconds).toFixed(0).padStart(7)} rows/s   CPU µs/row: service ${each('service', cpuSeconds(governed.pid))}, Postgres ${each('postgres', cpuSeconds(postgres.pid, true))}   peak ${peakMegabytes(governed.pid)} MB`,
      );
    }
});

function* csv(first: number, rows: number): Generator<string> {
  yield 'id,account,amount,currency,booked_at,note\n';
  for (let from = 0; from < rows; from += 1_000) {
    let chunk = '';
    for (let row = first + from; row < first + Math.min(rows, from + 1_000); row += 1)
      chunk += `${row},DE${String(row).padStart(20, '0')},${(row % 100_000) / 100},EUR,2026-01-02T03:04:05Z,"monthly fee, second half"\n`;
    yield chunk;
  }
}

/** The process's peak resident memory so far; Linux only. */
function peakMegabytes(pid: number): string {
  if (process.platform !== 'linux') return '?';
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) / 1024).toFixed(0);
}
