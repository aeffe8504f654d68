import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/process.ts';
import type { CaptureProcess } from './capture/capture-process.ts';
import { Ledger } from './capture/ledger.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_266);
const SETTINGS = { CDC_SNAPSHOT: 'initial' };
/** Of one write that was under way. */
const MOST_ENTRIES = 4;

let stand: Stand;
let ledger: Ledger;
beforeEach(async () => {
  stand = await Stand.open();
  ledger = new Ledger({ url: () => stand.postgres.url, random: seeded(SEED), keys: 20, pauseMs: 4 });
}, 120_000);
afterEach(async () => {
  await ledger.stop();
  await stand.close();
}, 60_000);

async function dropSlot(): Promise<void> {
  await eventually(
    async () =>
      stand.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where active; select pg_drop_replication_slot('faults')`).then(() => true),
    () => 'the slot is never free',
  );
}

/** A capture that was alive, or one that is started into what was done: it ends by itself. */
async function dropped(capture: CaptureProcess): Promise<CaptureProcess> {
  await dropSlot();
  return capture;
}

async function advanced(capture: CaptureProcess): Promise<CaptureProcess> {
  await capture.end('SIGKILL');
  await ledger.writes(ledger.journal.length + 100);
  await eventually(
    async () => stand.sql(`select pg_replication_slot_advance('faults', pg_current_wal_lsn())`).then(() => true),
    () => 'the slot is never free',
  );
  return stand.capture(SETTINGS);
}

describe('a slot that somebody tampers with, under load', () => {
  it.each([
    ['drops', dropped, 'slot-missing', /the slot is gone/],
    ['advances', advanced, 'slot-advanced', /position-lost/],
  ] as const)(
    '%s: capture ends, and what is missing after the operator went on is inside the one gap that it told',
    async (_how, tamper, reason, said) => {
      const capture = await stand.capture(SETTINGS);
      await capture.streaming();
      ledger.start();
      await ledger.writes(200);
      const before = ledger.journal.length;
      await stand.untilDelivered(ledger.journal[before - 1] ?? { key: 0, seq: 0 });
      const ended = await tamper(capture);
      expect(await ended.exit()).toBe(1);
      expect(ended.output).toMatch(said);
      const adopted = await stand.capture({ ...SETTINGS, CDC_ADOPT_POSITION: '1' });
      await adopted.streaming();
      const after = ledger.journal.length + MOST_ENTRIES;
      await ledger.writes(after + 200);
      await ledger.stop();
      const last = ledger.journal.at(-1);
      if (last) await stand.untilDelivered(last);
      const delivered = await stand.delivered();
      const verdict = judge(ledger.journal, delivered);
      const seen = new Set(delivered.map(({ key, seq }) => `${key}:${seq}`));
      const missing = ledger.journal.flatMap(({ key, seq }, index) => (seen.has(`${key}:${seq}`) ? [] : [index]));
      process.stdout.write(`slot ${reason}, seed ${SEED}: ${JSON.stringify({ ...verdict, gap: [before, after] })}\n`);
      expect(missing.filter((index) => index < before || index >= after)).toEqual([]);
      expect(verdict).toMatchObject({ outOfOrder: 0 });
      const gaps = (await stand.records('__gaps')).map(({ value }) => JSON.parse(value ?? '{}') as { reason: string; snapshots: string });
      expect(gaps).toEqual([expect.objectContaining({ reason, snapshots: 'requested' })]);
    },
    120_000,
  );
});
