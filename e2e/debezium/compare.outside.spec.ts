import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type History, watchBoth } from './both.ts';
import { CHANGE_CASES, HOSTILE_SETTINGS, ROOT_CASES, TABLE_CASES } from './cases/changes.ts';
import { TYPE_CASES, TYPES_SQL } from './cases/types.ts';
import { DECLARED } from './declared.ts';
import { type Difference, differences } from './differ.ts';

const HISTORIES: readonly History[] = [
  { prelude: TYPES_SQL, cases: [...TYPE_CASES, ...CHANGE_CASES, ...TABLE_CASES] },
  { prelude: HOSTILE_SETTINGS, cases: ROOT_CASES, publication: 'with (publish_via_partition_root = true)' },
];
const MINUTES = 60_000;

let directory: string;
let found: Difference[];
let compared: number;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-debezium-'));
  found = [];
  compared = 0;
  for (const [index, history] of HISTORIES.entries()) {
    const { ours, theirs, typeOf } = await watchBoth(join(directory, String(index)), history);
    compared += [...ours.values()].reduce((sum, { length }) => sum + length, 0);
    found.push(...differences(ours, theirs, typeOf));
  }
}, 15 * MINUTES);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('capture and Debezium on the same history', () => {
  it('differ in nothing that is not declared', () => {
    expect(compared).toBeGreaterThan(1_000);
    expect(found.filter((difference) => !DECLARED.some(({ covers }) => covers(difference)))).toEqual([]);
  });

  it('differ in everything that is declared', () => {
    const seen = new Set(found.map((difference) => DECLARED.find(({ covers }) => covers(difference))));
    expect(DECLARED.filter((declared) => !seen.has(declared)).map(({ what }) => what)).toEqual([]);
  });

  it(
    'differ in that a domain over an enum keeps Debezium from starting',
    async () => {
      const prelude = `create type mood as enum ('sad'); create domain moody as mood`;
      await expect(watchBoth(join(directory, 'refused'), { prelude, cases: [] })).rejects.toThrow('Debezium failed: java.lang.NullPointerException');
    },
    5 * MINUTES,
  );
});
