import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { createClient } from '#libs/client/client';
import { percentile } from '../bench/percentiles.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/process.ts';
import type { Shape } from '../support/shape.ts';

type Row = Record<string, unknown>;
const TEAMS = ['finance', 'sales', 'supply'] as const;
type Team = (typeof TEAMS)[number];

const EDIT: Readonly<Record<Team, (amount: number) => Row>> = {
  finance: (amount) => ({ product: 'Lock', region: 'Japan', period: '2027-10', measure: 'revenue', amount, unit: 'EUR' }),
  sales: (amount) => ({ product: 'Helmet', region: 'Japan', period: '2027-10', measure: 'volume', amount, unit: 'piece' }),
  supply: (amount) => ({ product: 'Pannier', region: 'Japan', period: '2027-10', measure: 'volume', amount, unit: 'piece' }),
};

/** Three teams, one plan, as they see it; the same for both shapes. */
export function planningSuite(start: () => Promise<Shape>): void {
  let shape: Shape;
  let people: Record<Team, Person>;
  let database: pg.Client;
  const pages = new Map<Team, ReadonlyMap<string, Row>>();
  const subscriptions: { close(): void }[] = [];

  beforeAll(async () => {
    shape = await start();
    people = { finance: new Person(shape, 'finance'), sales: new Person(shape, 'sales'), supply: new Person(shape, 'supply') };
    database = new pg.Client({ connectionString: shape.databaseUrl });
    await database.connect();
    await eventually(
      async () => (await database.query('select from planning.plan_versions')).rowCount !== 0,
      () => 'the first plan was not published',
      60_000,
    );
    for (const team of TEAMS) {
      const client = createClient({ url: shape.urls.notification, token: () => people[team].token() });
      const subscription = client.subscribe<Row>({ schema: 'planning', table: 'plan_lines', filter: 'period=eq.2027-10' });
      subscriptions.push(subscription);
      await subscription.ready;
      pages.set(team, subscription.rows);
    }
  }, 180_000);
  afterAll(async () => {
    for (const subscription of subscriptions) subscription.close();
    await database?.end();
    await shape?.stop();
  }, 60_000);

  const shown = (viewer: Team, { product, measure }: Row): Row | undefined =>
    [...(pages.get(viewer)?.values() ?? [])].find((row) => row['product'] === product && row['region'] === 'Japan' && row['measure'] === measure);

  /** One edit of each team; resolves with the milliseconds from each edit until every page shows it. */
  async function round(amount: number): Promise<number[]> {
    return Promise.all(
      TEAMS.map(async (team) => {
        const edit = EDIT[team](amount);
        const before = Number(shown(team, edit)?.[team] ?? 0);
        const sent = performance.now();
        await people[team].insert('planning', `${team}_adjustments`, edit);
        await eventually(
          () => Promise.resolve(TEAMS.every((viewer) => Number(shown(viewer, edit)?.[team] ?? 0) === before + amount) || undefined),
          () => `the edit of ${team} is not on every page`,
          30_000,
        );
        return performance.now() - sent;
      }),
    );
  }

  it('shows three teams’ edits in one plan on every open page', async () => {
    const times: number[] = [];
    for (let turn = 1; turn <= 7; turn += 1) times.push(...(await round(turn)));
    process.stdout.write(`${shape.name}: edit → every open page: p50 ${Math.round(percentile(times, 50))} ms, max ${Math.round(Math.max(...times))} ms\n`);
  }, 120_000);

  it('refuses what it does not know with 422, naming the field', async () => {
    const answer = await people.sales.call<{ code: string; details: string }>('planning', 'sales_adjustments', {
      method: 'POST',
      body: { ...EDIT.sales(1), product: 'Unicycle' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe('PT422');
    expect(JSON.parse(answer.body.details)).toMatchObject({ field: 'product', value: 'Unicycle' });
  });

  it('ran for each burst of edits and never published what does not tie out', async () => {
    const { rows } = await database.query<{ wrong: number; runs: number; ok: boolean }>(
      `select (select count(*)::int from planning.tie_outs where not ok) as wrong, (select count(*)::int from planning.plan_runs where status = 'published') as runs`,
    );
    expect(rows[0]?.wrong).toBe(0);
    expect(rows[0]?.runs).toBeGreaterThan(1);
  });
}
