import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CaptureProcess } from './capture/capture-process.ts';
import { lakeloop } from './capture/lakeloop.ts';
import { Ledger } from './capture/ledger.ts';
import { Stand } from './capture/stand.ts';
import { judge } from './capture/verdict.ts';
import { seeded } from './random.ts';

const FULL = process.env['LAKELOOP_FAULT_KILLS'] !== undefined;
const SEED = Number(process.env['LAKELOOP_FAULT_SEED'] ?? 20_262);
const ROUNDS = FULL ? 8 : 1;
const FAILPOINTS = ['cdc.before-publish', 'cdc.after-publish', 'cdc.after-progress', 'cdc.before-acknowledge'];
/** Over it capture parks by itself; the topic refuses what is over its own. */
const MAX_ROW_BYTES = 200_000;
const MAX_MESSAGE_BYTES = 100_000;
const TOKEN = 'a token of the operators';

/** Text of so many bytes that does not compress. */
const noise = (bytes: number): string => `(select string_agg(md5(random()::text || n), '') from generate_series(1, ${bytes / 32}) n)`;

let stand: Stand;
let ledger: Ledger | undefined;
beforeEach(async () => {
  stand = await Stand.open();
}, 120_000);
afterEach(async () => {
  await ledger?.stop();
  await stand.close();
}, 60_000);

interface Seen {
  id: number;
  op: string;
}

/** First deliveries, in their order. */
async function firsts(): Promise<Seen[]> {
  const seen = new Map<number, Seen>();
  for (const { key, value } of await stand.records('public.poison')) {
    const { id } = JSON.parse(key ?? '{}') as { id: number };
    if (!seen.has(id)) seen.set(id, { id, op: (JSON.parse(value ?? '{}') as { op: string }).op });
  }
  return [...seen.values()];
}

async function streaming(env: Readonly<Record<string, string>>): Promise<CaptureProcess> {
  const capture = await stand.capture(env);
  await capture.streaming();
  return capture;
}

describe('rows that can not be published, under SIGKILL', () => {
  it(
    'are parked in their place, each with its letter, and hold up nobody',
    async () => {
      const settings = { CDC_MAX_ROW_BYTES: String(MAX_ROW_BYTES) };
      await stand.sql('create table poison (id int primary key, big text); alter table poison alter big set storage external');
      await stand.narrowTopic('public.poison', MAX_MESSAGE_BYTES);
      const random = seeded(SEED);
      ledger = new Ledger({ url: () => stand.postgres.url, random, keys: 20, pauseMs: 4 });
      await (await streaming(settings)).end('SIGTERM');
      ledger.start();
      let [id, kills] = [0, 0];
      const wanted: Seen[] = [];
      for (const failpoint of Array.from({ length: ROUNDS }, () => FAILPOINTS).flat()) {
        const doomed = await stand.capture({ ...settings, LAKELOOP_FAILPOINTS: `${failpoint}=kill:${2 + Math.floor(random() * 8)}` });
        for (const bytes of [32, 320_000, 32, 160_000, 32]) {
          await stand.sql(`insert into poison values (${(id += 1)}, ${noise(bytes)})`);
          wanted.push({ id, op: bytes === 32 ? 'c' : 'p' });
        }
        expect(await doomed.exit()).toBeNull();
        kills += 1;
      }
      await streaming(settings);
      await ledger.stop();
      const last = ledger.journal.at(-1);
      if (last) await stand.untilDelivered(last);
      const verdict = judge(ledger.journal, await stand.delivered());
      process.stdout.write(`poison rows, seed ${SEED}: ${JSON.stringify({ kills, poison: wanted.filter(({ op }) => op === 'p').length, ...verdict })}\n`);
      expect(verdict).toMatchObject({ lost: 0, outOfOrder: 0 });
      expect(await firsts()).toEqual(wanted);
      // Letters of different rows have no order among each other.
      const letters = new Map((await stand.records('__dlq')).map(({ key, headers }) => [headers['id'], { key, reason: headers['parked.reason'] }]));
      const reasons = wanted
        .filter(({ op }) => op === 'p')
        .map((row, index) => ({ key: `{"id":${row.id}}`, reason: `${index % 2 === 0 ? 'row' : 'record'}-too-large` }));
      expect([...letters.values()]).toHaveLength(reasons.length);
      expect([...letters.values()]).toEqual(expect.arrayContaining(reasons));
    },
    FULL ? 600_000 : 120_000,
  );
});

/** Types whose published text is not what the server reads, with a value of each. */
const KEYS: readonly [type: string, literal: string][] = [
  ['int', '5'],
  ['bigint', '9007199254740993'],
  ['text', `'O''Neil \\x'`],
  ['bytea', `'\xff00'`],
  ['bit(12)', `B'101010101010'`],
  ['varbit', `B'0001'`],
  ['real', '0.1'],
  ['timetz', `'13:51:30.5+02'`],
  ['date', `'0044-03-15 BC'`],
  ['numeric', `'Infinity'`],
  ['timestamptz', `'2016-11-04 13:51:30.120000+02'`],
  ['char(6)', `'ab'`],
  ['int[]', `'{1,NULL}'`],
];

describe('lakeloop dlq redrive', () => {
  it('publishes parked rows as they are now, whatever their keys are made of, and says which are gone', async () => {
    const columns = KEYS.map(([type], index) => `k${index} ${type} unique`).join(', ');
    await stand.sql(`create table one (${columns}, big text, primary key (${KEYS.map((_, index) => `k${index}`).join(', ')}));
      ${KEYS.map(([type], index) => `create table t${index} (k ${type} primary key, big text)`).join('; ')}; create table gone (id bytea primary key, big text)`);
    const small = await streaming({ CDC_MAX_ROW_BYTES: '10000', CDC_ADMIN_TOKEN: TOKEN });
    for (const [index, [, literal]] of KEYS.entries()) await stand.sql(`insert into t${index} values (${literal}, ${noise(32_000)})`);
    await stand.sql(
      `insert into one values (${KEYS.map(([, literal]) => literal).join(', ')}, ${noise(32_000)}); insert into gone values ('\x01', ${noise(32_000)})`,
    );
    await stand.sql(`delete from gone; insert into ledger values (1, 1, '')`);
    await stand.untilDelivered({ key: 1, seq: 1 });
    await small.end('SIGTERM');
    // The remedy: a larger limit.
    const capture = await streaming({ CDC_ADMIN_TOKEN: TOKEN });
    const env = { ...stand.environment, CDC_ADMIN_TOKEN: TOKEN, CDC_URL: `http://127.0.0.1:${capture.port}` };
    expect((await lakeloop(env, 'dlq', 'ls')).split('\n').at(-1)).toBe(`${KEYS.length + 2} parked`);
    const redriven = (await lakeloop(env, 'dlq', 'redrive', '--all')).split('\n');
    expect(redriven.filter((line) => line.endsWith('the row is gone')).map((line) => line.split('  ')[1])).toEqual(['public.gone']);
    expect(redriven.filter((line) => line.endsWith('published as it is now'))).toHaveLength(KEYS.length + 1);
    for (const table of ['one', ...KEYS.map((_, index) => `t${index}`)]) {
      const records = await stand.records(`public.${table}`);
      expect(records.map(({ value }) => (JSON.parse(value ?? '{}') as { op: string }).op)).toEqual(['p', 'r']);
      expect(new Set(records.map(({ key }) => key)).size).toBe(1);
    }
    expect(await lakeloop(env, 'dlq', 'ls')).toBe('nothing is parked');
  }, 120_000);
});
