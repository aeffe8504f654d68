import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CaptureProcess } from './capture/capture-process.ts';
import { Ledger } from './capture/ledger.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const FULL = process.env['LAKELOOP_FAULT_KILLS'] !== undefined;
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_265);
const ROUNDS = FULL ? 6 : 1;
const FAILPOINTS = ['cdc.snapshot-before-high', 'cdc.snapshot-chunk-read', 'cdc.snapshot-chunk-durable'];
const ROWS = FULL ? 200_000 : 20_000;
const CHUNK_ROWS = 500;
const TOKEN = 'a token of the operators';

let stand: Stand;
let ledger: Ledger;
beforeEach(async () => {
  stand = await Stand.open();
  ledger = new Ledger({ url: () => stand.postgres.url, random: seeded(SEED), keys: 50, pauseMs: 4 });
}, 120_000);
afterEach(async () => {
  await ledger.stop();
  await stand.close();
}, 60_000);

/** Moves and deletes rows of the table that is read, ahead of the reader and behind it. */
async function write(random: () => number): Promise<void> {
  const [from, to] = [Math.floor(random() * ROWS), 1 + Math.floor(random() * ROWS)];
  await stand.sql(`update stock set v = v + 1 where id between ${from} and ${from + 300}; delete from stock where id = -${to};
    update stock set id = -id where id = ${to}; insert into stock values (${to}, -1) on conflict (id) do nothing`);
}

async function completed(capture: CaptureProcess): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${capture.port}/v1/snapshots`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const { snapshots } = (await response.json()) as { snapshots: { table: string; state: string }[] };
  return snapshots.some(({ table, state }) => table === 'stock' && state === 'completed');
}

/** What a consumer has who applies every event in order, and how many were read by the snapshot. */
async function rebuilt(): Promise<{ table: Map<string, unknown>; reads: number }> {
  const table = new Map<string, unknown>();
  let reads = 0;
  for (const { key, value } of await stand.records('public.stock')) {
    if (value === null) continue;
    const { op, after } = JSON.parse(value) as { op: string; after: unknown };
    if (op === 'r') reads += 1;
    if (op === 'd') table.delete(key ?? '');
    else table.set(key ?? '', after);
  }
  return { table, reads };
}

describe('a snapshot under SIGKILL', () => {
  it(
    'goes on behind what was out, and leaves a consumer with exactly the table',
    async () => {
      const random = seeded(SEED);
      const settings = { CDC_SNAPSHOT: 'initial', CDC_SNAPSHOT_CHUNK_ROWS: String(CHUNK_ROWS), CDC_ADMIN_TOKEN: TOKEN };
      await stand.sql(`create table stock (id int primary key, v int not null); insert into stock select n, 0 from generate_series(1, ${ROWS}) n`);
      const first = await stand.capture(settings);
      await first.streaming();
      // From here on every value is in the stream.
      ledger.start();
      await first.end('SIGKILL');
      let kills = 1;
      for (const failpoint of Array.from({ length: ROUNDS }, () => FAILPOINTS).flat()) {
        const doomed = await stand.capture({ ...settings, LAKELOOP_FAILPOINTS: `${failpoint}=kill:${2 + Math.floor(random() * 8)}` });
        const gone = doomed.exit();
        while (!doomed.exited) await write(random);
        expect(await gone).toBeNull();
        kills += 1;
      }
      const capture = await stand.capture(settings);
      await capture.streaming();
      while (!(await completed(capture))) await write(random);
      await ledger.stop();
      const last = ledger.journal.at(-1);
      if (last) await stand.untilDelivered(last);
      const verdict = judge(ledger.journal, await stand.delivered());
      const { table, reads } = await rebuilt();
      const now = await stand.sql<{ id: number; v: number }>('select id, v from stock');
      process.stdout.write(
        `snapshot under SIGKILL, seed ${SEED}: ${JSON.stringify({ kills, rows: now.length, readAgain: Math.max(0, reads - ROWS), ...verdict })}\n`,
      );
      expect(table).toEqual(new Map(now.map((row) => [`{"id":${row.id}}`, row])));
      expect(verdict).toMatchObject({ lost: 0, outOfOrder: 0 });
      // A kill costs the chunks in flight: the one that is read, and the one that passes through the stream.
      expect(reads).toBeLessThanOrEqual(ROWS + kills * 3 * CHUNK_ROWS);
    },
    FULL ? 600_000 : 180_000,
  );
});
