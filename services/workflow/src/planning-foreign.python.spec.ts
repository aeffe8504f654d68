import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { arm } from '#libs/runtime/failpoints';
import { runPython, startPython } from '#libs/testing/python';
import { PlanningServer } from './planning-server.fixture.ts';

let server: PlanningServer;
let foreign: Foreign;
const disarm: (() => void)[] = [];
beforeAll(async () => {
  server = await PlanningServer.start();
  await server.run();
  foreign = await Foreign.start(server.table);
}, 60_000);
afterEach(() => disarm.splice(0).forEach((undo) => undo()));
afterAll(async () => {
  foreign.stop();
  await server.stop();
});

/** deltalake in a process of its own, one request after the other. */
class Foreign {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  /** Once it has opened the table. */
  static async start(table: string): Promise<Foreign> {
    const child = await startPython(join(import.meta.dirname, 'planning_foreign.py'), [table]);
    if (!child.stdout) throw new TypeError('the script has no output');
    const foreign = new Foreign(child, createInterface({ input: child.stdout }));
    await foreign.ask('names');
    return foreign;
  }

  async ask(...what: string[]): Promise<unknown> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin?.write(`${JSON.stringify(what)}\n`);
    const [line] = (await answer) as [string];
    return JSON.parse(line);
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Our lines in the lakehouse as deltalake reads its newest version. */
async function seen(): Promise<object> {
  const versions = JSON.parse(await runPython(join(import.meta.dirname, 'planning_tie_out.py'), [server.table])) as Record<string, Record<string, unknown>>;
  const newest = Object.entries(versions).at(-1)?.[1] ?? {};
  return Object.fromEntries(Object.entries(newest).filter(([key]) => !key.startsWith('foreign|')));
}

async function lake(sql: string): Promise<unknown[]> {
  const relation = await server.lakehouse.relation({ schema: 'planning', name: 'consolidated_plan' });
  try {
    const rows: unknown[] = [];
    for await (const chunk of (await server.lakehouse.query({ sql: sql.replaceAll(':plan', relation.sql) })).chunks) rows.push(...chunk);
    return rows;
  } finally {
    await relation.release();
  }
}

async function reported(): Promise<number> {
  const { rows } = await server.client.query<{ n: number }>(
    "select coalesce(sum((inputs ->> 'foreign_lake_versions')::int), 0)::int as n from planning.plan_runs",
  );
  return rows[0]?.n ?? 0;
}

describe('deltalake as a foreign writer to the consolidated plan', () => {
  it('that commits while a run is about to makes the run merge anew: both are in, and the next run reports it', async () => {
    let met = 0;
    disarm.push(
      arm('delta.before-commit', async () => {
        met += 1;
        if (met === 1) expect(await foreign.ask('append', 'meanwhile')).toEqual(expect.any(Number));
      }),
    );
    expect(await server.edit(5)).toMatchObject({ status: 'published' });
    expect(met).toBeGreaterThan(1);
    expect(await foreign.ask('names')).toEqual(['meanwhile']);
    expect(await seen()).toEqual(await server.plan());
    expect(await foreign.ask('append', 'between')).toEqual(expect.any(Number));
    expect(await server.edit(6)).toMatchObject({ status: 'published' });
    expect(await reported()).toBe(1);
    expect(await foreign.ask('names')).toEqual(['between', 'meanwhile']);
  }, 60_000);

  it('that rewrites the very files a run is about to rewrite makes the run merge anew: each line once, with both changes', async () => {
    const { rows: edited } = await server.client.query<{ scope: string }>(
      "select scope from planning.sales_adjustments where product = 'E-bikes' order by id desc limit 1",
    );
    const theirs = `scope = '${edited[0]?.scope}' and measure = 'revenue'`;
    let met = 0;
    disarm.push(
      arm('delta.before-commit', async () => {
        met += 1;
        if (met === 1) expect(await foreign.ask('update', theirs, 'rewritten')).toEqual(expect.any(Number));
      }),
    );
    expect(await server.edit(7)).toMatchObject({ status: 'published' });
    expect(await lake(`select distinct unit from :plan where ${theirs}`)).toEqual([['rewritten']]);
    expect(await lake('select count(*) - count(distinct (product, region, period, measure)) from :plan')).toEqual([[0n]]);
    expect(await seen()).toEqual(await server.plan());
  }, 60_000);

  it('that writes from a state before our last plan is told of the conflict, and takes nothing back', async () => {
    expect(await foreign.ask('stale-update', "period = '2027-05' and measure = 'volume'", 'stale')).toMatchObject({ error: 'CommitFailedError' });
    expect(await seen()).toEqual(await server.plan());
  }, 60_000);

  it('that goes on and on while runs do loses nothing, and neither do they', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `on ${String(n).padStart(2, '0')}`);
    const before = ((await foreign.ask('names')) as string[]).length;
    const writing = (async () => {
      for (const name of names) expect(await foreign.ask('append', name)).toEqual(expect.any(Number));
    })();
    for (const amount of [1, 2, 3, 4]) expect(await server.edit(amount)).toMatchObject({ status: 'published' });
    await writing;
    expect(await server.edit(8)).toMatchObject({ status: 'published' });
    const found = (await foreign.ask('names')) as string[];
    expect(found).toHaveLength(before + names.length);
    expect(found.filter((name) => name.startsWith('on '))).toEqual(names);
    expect(await seen()).toEqual(await server.plan());
    expect(await reported()).toBeGreaterThan(1);
    expect(await lake('select count(*) - count(distinct (product, region, period, measure)) from :plan')).toEqual([[0n]]);
  }, 120_000);
});
