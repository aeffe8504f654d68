import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createClient } from '#libs/client/client';
import { openCase, type Disposition, type Recommendation } from '../support/case.ts';
import { Person, Refused } from '../support/person.ts';
import { eventually } from '../support/process.ts';
import { type Killable, type Service, SERVICES } from '../support/shape.ts';
import { seeded, shuffled } from './random.ts';

export interface FaultPlan {
  seed: number;
  killsPerService: number;
  /** Cases opened while services die. */
  cases: number;
  log: (line: string) => void;
}

export interface FaultReport {
  acknowledgedFlags: number;
  lostFlags: string[];
  /** Cases with other than one recommendation or one disposition. */
  miscounted: { flag: string; recommendations: number; dispositions: number }[];
  lostDispositions: string[];
  /** Rows in which a subscriber's final picture differs from the table. */
  subscriberDifferences: string[];
  kills: number;
  worstRecoveryMs: number;
}

/**
 * People work while services are killed at seeded random moments. Every write is repeated under its idempotency key until it is
 * acknowledged; the journal of acknowledged rows is the oracle for what must be there in the end.
 */
export async function runFaults(cluster: Killable, plan: FaultPlan): Promise<FaultReport> {
  const random = seeded(plan.seed);
  const people = {
    owner: new Person(cluster, 'administrator'),
    flagger: new Person(cluster, 'analyst'),
    approver: new Person(cluster, 'approver'),
    reader: new Person(cluster, 'auditor'),
  };
  await Promise.all(Object.values(people).map((person) => person.token()));
  const subscriber = await subscribeAll(cluster, people.reader);
  const journal = { flags: new Set<string>(), dispositions: new Set<string>() };
  const [worstRecoveryMs] = await Promise.all([killServices(cluster, plan, random), workCases(plan.cases, people, journal)]);
  await eventually(
    () => allDecided(cluster, journal.flags),
    () => 'not every flagged case was decided after the last kill',
    120_000,
  );
  const report = await compare(cluster, journal, subscriber);
  subscriber.close();
  return { ...report, kills: plan.killsPerService * SERVICES.length, worstRecoveryMs };
}

type People = Record<'owner' | 'flagger' | 'approver' | 'reader', Person>;
interface Journal {
  flags: Set<string>;
  dispositions: Set<string>;
}

/** Opens cases four at a time and has each approved as soon as its recommendation is there. */
async function workCases(cases: number, people: People, journal: Journal): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < cases) {
      next += 1;
      const flag = await openCase(people.owner, people.flagger, true);
      journal.flags.add(flag.id);
      const disposition = await approve(people.approver, flag.id);
      if (disposition) journal.dispositions.add(disposition.id);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

async function approve(approver: Person, flagId: string): Promise<Disposition | undefined> {
  const recommendation = await eventually(
    async () => (await approver.call<Recommendation[]>('exceptions', `recommendations?flag_id=eq.${flagId}`)).body[0],
    () => `no recommendation for ${flagId}`,
    120_000,
  );
  try {
    return await approver.insertSurely<Disposition>(
      'exceptions',
      'dispositions',
      { flag_id: flagId, action: 'approve', class: recommendation.class, reason: 'as recommended' },
      120_000,
    );
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return undefined;
    throw error;
  }
}

/** Kills each service the planned number of times, in a shuffled order, at random moments; each restarts at once. Worst time to ready, ms. */
async function killServices(cluster: Killable, { killsPerService, log }: FaultPlan, random: () => number): Promise<number> {
  const order = shuffled(
    SERVICES.flatMap((service) => Array.from({ length: killsPerService }, (): Service => service)),
    random,
  );
  let worst = 0;
  for (const [index, service] of order.entries()) {
    await delay(200 + random() * 800);
    const start = performance.now();
    await cluster.kill(service);
    await cluster.restart(service);
    const recovery = performance.now() - start;
    worst = Math.max(worst, recovery);
    log(`kill ${index + 1}/${order.length}: ${service}, ready again after ${recovery.toFixed(0)} ms`);
  }
  return worst;
}

interface AllRows {
  flags: ReadonlyMap<string, Record<string, unknown>>;
  recommendations: ReadonlyMap<string, Record<string, unknown>>;
  dispositions: ReadonlyMap<string, Record<string, unknown>>;
  close(): void;
}

/** One subscriber that holds all three case tables as the stream tells them. */
async function subscribeAll(cluster: Killable, reader: Person): Promise<AllRows> {
  const client = createClient({ url: cluster.urls.notification, token: () => reader.token() });
  const tables = ['flags', 'recommendations', 'dispositions'] as const;
  const subscriptions = tables.map((table) => client.subscribe({ schema: 'exceptions', table }));
  await Promise.all(subscriptions.map((subscription) => subscription.ready));
  const [flags, recommendations, dispositions] = subscriptions.map((subscription) => subscription.rows) as [
    ReadonlyMap<string, Record<string, unknown>>,
    ReadonlyMap<string, Record<string, unknown>>,
    ReadonlyMap<string, Record<string, unknown>>,
  ];
  return { flags, recommendations, dispositions, close: () => subscriptions.forEach((subscription) => subscription.close()) };
}

async function allDecided(cluster: Killable, flags: ReadonlySet<string>): Promise<boolean> {
  return onDatabase(cluster, async (client) => {
    const { rows } = await client.query<{ open: number }>(
      `select count(*)::int as open from exceptions.flags where id = any($1) and state in ('flagged', 'recommended')`,
      [[...flags]],
    );
    return rows[0]?.open === 0;
  });
}

async function compare(cluster: Killable, journal: Journal, subscriber: AllRows): Promise<Omit<FaultReport, 'kills' | 'worstRecoveryMs'>> {
  return onDatabase(cluster, async (client) => {
    const counts = await client.query<{ flag: string; recommendations: number; dispositions: number }>(
      `select f.id as flag, count(distinct r.id)::int as recommendations, count(distinct d.id)::int as dispositions
       from exceptions.flags f left join exceptions.recommendations r on r.flag_id = f.id left join exceptions.dispositions d on d.flag_id = f.id
       where f.id = any($1) group by f.id`,
      [[...journal.flags]],
    );
    const present = new Set(counts.rows.map((row) => row.flag));
    const dispositions = new Set((await client.query<{ id: string }>('select id from exceptions.dispositions')).rows.map((row) => row.id));
    const differences = await subscriberDifferences(client, subscriber);
    return {
      acknowledgedFlags: journal.flags.size,
      lostFlags: [...journal.flags].filter((id) => !present.has(id)),
      miscounted: counts.rows.filter((row) => row.recommendations !== 1 || row.dispositions !== 1),
      lostDispositions: [...journal.dispositions].filter((id) => !dispositions.has(id)),
      subscriberDifferences: differences,
    };
  });
}

/** Waits for the subscriber to catch up, then says where it still differs. */
async function subscriberDifferences(client: pg.Client, subscriber: AllRows): Promise<string[]> {
  const find = async (): Promise<string[]> => {
    const differences: string[] = [];
    for (const [table, column] of [
      ['flags', 'state'],
      ['recommendations', 'class'],
      ['dispositions', 'action'],
    ] as const) {
      const { rows } = await client.query<{ id: string; value: string }>(`select id, ${column} as value from exceptions.${table}`);
      const held = new Map([...subscriber[table].values()].map((row) => [row['id'], row[column]]));
      for (const { id, value } of rows) if (held.get(id) !== value) differences.push(`${table} ${id}: table ${value}, subscriber ${String(held.get(id))}`);
      if (held.size !== rows.length) differences.push(`${table}: table has ${rows.length} rows, subscriber ${held.size}`);
    }
    return differences;
  };
  await eventually(
    async () => (await find()).length === 0,
    () => 'the subscriber never caught up',
    60_000,
  ).catch(() => undefined);
  return find();
}

async function onDatabase<T>(cluster: Killable, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
