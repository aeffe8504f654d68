/**
 * `npm run bench -- planning [adjustments]`: the planning flow through a real Postgres and a real Delta table. For 10^4, 10^5 and 10^6 adjustments over 10,000 scopes: the
 * first full run, a full run that finds nothing changed, and after an edit in each of 1 % of the scopes a full run, and a run of those alone. Each size in a process and a server of
 * its own; rows are loaded by another process, so that memory is the runs'.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Governed } from '#libs/governance/governed';
import { installGovernance } from '#libs/governance/install';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createPool } from '#libs/postgres/pool';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import { TEAMS } from '../src/flows/planning/model/inputs.ts';
import type { Touched } from '../src/flows/planning/model/touched-scopes.ts';
import { ConsolidatedPlan } from '../src/flows/planning/run/consolidated-plan.ts';
import { PlanningRuns } from '../src/flows/planning/run/planning-run.ts';
import { installFlows } from '../src/install/install-flows.ts';
import { planningPolicy } from '../src/install/planning-policy.ts';
import { referenceRows, SCOPES, scopeRows } from './planning-world.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const BATCH = 20_000;
const ROUNDS = 3;
const print = (line: string): unknown => process.stdout.write(`${line}\n`);
const logger = createLogger({ service: 'bench', level: 'error' });

/** A run's steps by the failpoint each ends at. */
const STEPS: readonly (readonly [failpoint: string, step: string])[] = [
  ['planning.after-begin', 'begin'],
  ['planning.after-make', 'read and plan'],
  ['planning.before-lake', 'look at the lakehouse'],
  ['planning.after-lake', 'merge into Delta'],
  ['planning.in-publish', 'lines to Postgres'],
  ['planning.after-publish', 'the rest to Postgres'],
];

/** Where the time of a run went; start it before, read it after. */
function stopwatch(): () => string {
  let last = performance.now();
  const took: string[] = [];
  const disarm = STEPS.map(([failpoint, step]) =>
    arm(failpoint, () => {
      const now = performance.now();
      took.push(`${step} ${((now - last) / 1000).toFixed(2)} s`);
      last = now;
    }),
  );
  return () => {
    for (const undo of disarm) undo();
    return took.join(', ');
  };
}

async function measure(adjustments: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-bench-'));
  const server = await EmbeddedPostgres.start({
    dataDirectory: join(directory, 'data'),
    password: 'bench',
    settings: { shared_buffers: '512MB', max_wal_size: '4GB' },
    logger,
  });
  const lakehouse = await openDeltaLakehouse({ root: join(directory, 'lake'), logger });
  const admin = new pg.Client(server.url());
  try {
    await admin.connect();
    await installGovernance({ adminUrl: server.url(), logger, logins: { workflow: 'bench' } });
    await installFlows({ adminUrl: server.url(), logger, flows: [] });
    await applyPolicy(server.url(), planningPolicy());
    await once(fork(import.meta.filename, ['load', server.url(), String(adjustments)], { execArgv: process.execArgv }), 'close');
    const pool = createPool({ connectionString: server.url('postgres', 'lakeloop_workflow', 'bench'), name: 'bench' });
    const runs = new PlanningRuns({ governed: new Governed(pool), plan: new ConsolidatedPlan(lakehouse, logger), logger });
    const timed = async (touched: Touched): Promise<{ seconds: number; peakMb: number; status: string }> => {
      let peak = 0;
      const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
      const steps = stopwatch();
      const began = performance.now();
      const { status, failure } = await runs.run({ cause: 'request', touched }, new AbortController().signal);
      clearInterval(sampler);
      const scopes = touched.all ? 'all' : touched.scopes.length;
      print(`  ${adjustments} adjustments, ${scopes} scopes, ${status}: ${steps()}`);
      if (failure) throw failure;
      return { seconds: (performance.now() - began) / 1000, peakMb: Math.round(peak / 2 ** 20), status };
    };
    const first = await timed({ all: true });
    const again = await timed({ all: true });
    await touch(admin, ROUNDS);
    const whole = await timed({ all: true });
    const parts = [];
    for (let round = 0; round < ROUNDS; round += 1) parts.push(await timed({ all: false, scopes: await touch(admin, round), periods: [] }));
    const part = parts.toSorted((left, right) => left.seconds - right.seconds)[1] ?? first;
    const { rows } = await admin.query<{ lines: string }>('select count(*) as lines from planning.plan_lines');
    const of = (name: string, { seconds, peakMb }: typeof first): string =>
      `${name} ${seconds.toFixed(2)} s (${Math.round(adjustments / seconds)} adjustments/s, peak ${peakMb} MB, ${(seconds / part.seconds).toFixed(1)} × the time of 1 %)`;
    print(
      `${adjustments} adjustments, ${SCOPES} scopes, ${rows[0]?.lines} lines: ${of('first full', first)}; ${of('full, nothing changed', again)}; ${of('full, 1 % of the scopes changed', whole)}; ` +
        `those 1 % alone ${part.seconds.toFixed(2)} s (peak ${part.peakMb} MB)`,
    );
    await pool.end();
  } finally {
    await admin.end();
    await lakehouse.close();
    await server.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  }
}

/** Past the triggers, whose work is not what is measured: scopes are given. */
async function load(url: string, adjustments: number): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`do $$ declare t regclass; begin
    for t in select c.oid from pg_class c where c.relnamespace = 'planning'::regnamespace and c.relkind = 'r' loop execute format('alter table %s disable trigger all', t); end loop; end $$`);
  const reference = referenceRows();
  const world = scopeRows(adjustments);
  const scopeOf = ({ product, region, period }: { product: string; region: string; period: string }): string =>
    `${/^p\d+/.exec(product)?.[0]}|${/^r\d+/.exec(region)?.[0]}|${period}`;
  const scoped = <Row extends { product: string; region: string; period: string }>(rows: readonly Row[]): object[] =>
    rows.map((row) => ({ ...row, scope: scopeOf(row), updated_at: '2026-01-01', created_at: '2026-01-01', author: 'bench', comment: '', ...row }));
  const dated = reference.periods.map(({ period }) => ({ period, starts_on: `${period}-01`, ends_on: `${period}-28` }));
  const named = [{ name: 'reporting_currency', value: reference.reportingCurrency }];
  const tables: [string, readonly object[]][] = [
    ['settings', named],
    ['products', reference.products.map((row) => ({ ...row, name: '' }))],
    ['regions', reference.regions.map((row) => ({ ...row, name: '' }))],
    ['periods', dated],
    ['units', reference.units],
    ['measures', reference.measures.map((row) => ({ ...row, name: '' }))],
    ['rates', reference.rates],
    ['conflict_rules', reference.conflictRules],
    ['baseline', scoped(world.baseline)],
    ['capacities', scoped(world.capacities)],
    ...TEAMS.map((team): [string, readonly object[]] => [`${team}_adjustments`, scoped(world.adjustments.filter((row) => row.team === team))]),
  ];
  for (const [table, rows] of tables) {
    const over = table.endsWith('_adjustments') ? 'overriding system value' : '';
    for (let from = 0; from < rows.length; from += BATCH)
      await admin.query(`insert into planning.${table} ${over} select * from json_populate_recordset(null::planning.${table}, $1)`, [
        JSON.stringify(rows.slice(from, from + BATCH)),
      ]);
  }
  await admin.query(`do $$ declare t regclass; begin
    for t in select c.oid from pg_class c where c.relnamespace = 'planning'::regnamespace and c.relkind = 'r' loop
      execute format('alter table %s enable trigger all', t);
      perform lakeloop.adopt(t);
    end loop; end $$`);
  await admin.query('analyze');
  await admin.end();
}

/** An edit in each of 1 % of the scopes, spread over all periods. */
async function touch(admin: pg.Client, round: number): Promise<string[]> {
  const { rows } = await admin.query<{ scope: string }>(
    'select scope from (select distinct scope from planning.sales_adjustments) s order by md5(scope || $1) limit $2',
    [String(round), SCOPES / 100],
  );
  const scopes = rows.map(({ scope }) => scope);
  await admin.query(
    'update planning.sales_adjustments set amount = amount + 1 where id in (select min(id) from planning.sales_adjustments where scope = any($1) group by scope)',
    [scopes],
  );
  return scopes;
}

const [size, url, adjustments] = process.argv.slice(2);
if (size === 'load') await load(url ?? '', Number(adjustments));
else if (size !== undefined) await measure(Number(size));
else for (const each of SIZES) await once(fork(import.meta.filename, [String(each)], { execArgv: process.execArgv }), 'close');
