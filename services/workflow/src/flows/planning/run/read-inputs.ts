import type pg from 'pg';
import { conflictFromRow, type ConflictRow, lineFromRow, type PlanLineRow } from '../model/plan-rows.ts';
import type { Conflict, PlanLine, Premise } from '../model/plan.ts';
import { TEAMS, type ReferenceRows, type ScopeRows, type Team } from '../model/inputs.ts';
import type { PublishedScope } from '../model/scope-inputs.ts';
import type { Touched } from '../model/touched-scopes.ts';
import { SCOPED_TABLES } from '../tables/planning-tables.ts';

/** How many rows of a table a run read, and the newest change among them. */
export type InputVersions = Record<string, { rows: number; newest: string | null }>;

type Client = Pick<pg.ClientBase, 'query'>;

async function rows<Row extends object>(client: Client, sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await client.query<Row>(sql, values)).rows;
}

/** Everything that scopes share. Numerics, times and bigints as text throughout. */
export async function readReference(client: Client): Promise<{ reference: ReferenceRows; frozen: ReadonlySet<string> }> {
  const [setting] = await rows<{ value: string }>(client, "select value from planning.settings where name = 'reporting_currency'");
  const frozen = await rows<{ period: string }>(client, 'select period from planning.frozen_periods');
  return {
    frozen: new Set(frozen.map(({ period }) => period)),
    reference: {
      products: await rows(client, 'select product, parent from planning.products'),
      regions: await rows(client, 'select region, parent from planning.regions'),
      periods: await rows(client, 'select period from planning.periods'),
      measures: await rows(client, 'select measure, dimension from planning.measures'),
      units: await rows(client, 'select unit, dimension, factor::text from planning.units'),
      rates: await rows(client, 'select currency, period, rate::text from planning.rates'),
      conflictRules: await rows(client, 'select measure, rule, team_order from planning.conflict_rules'),
      assumptions: await rows(client, 'select name, value, author, updated_at::text from planning.assumptions'),
      reportingCurrency: setting?.value ?? 'EUR',
    },
  };
}

/** What runs have not taken up yet: with `quietMs`, only scopes that nobody has touched for that long, or that have waited for `mostMs`. */
export async function readTouched(client: Client, due?: { quietMs: number; mostMs: number }): Promise<{ touched: Touched; due: number; waiting: number }> {
  const found = await rows<{ scope: string | null; period: string | null; due: boolean }>(
    client,
    `select scope, period, max(at) <= clock_timestamp() - make_interval(secs => $1) or min(at) <= clock_timestamp() - make_interval(secs => $2) as due
     from lakeloop.planning_touched group by scope, period`,
    [(due?.quietMs ?? 0) / 1000, (due?.mostMs ?? 0) / 1000],
  );
  const taken = due ? found.filter((row) => row.due) : found;
  const names = <Key extends 'scope' | 'period'>(key: Key): string[] => taken.map((row) => row[key]).filter((name) => name !== null);
  const all = taken.some(({ scope, period }) => scope === null && period === null);
  return { touched: all ? { all: true } : { all: false, scopes: names('scope'), periods: names('period') }, due: taken.length, waiting: found.length };
}

/** Every scope with a row or a published line, ordered. */
export async function readScopes(client: Client): Promise<string[]> {
  const tables = [...SCOPED_TABLES, 'plan_lines', 'plan_scopes'];
  const found = await rows<{ scope: string }>(client, tables.map((table) => `select scope from planning.${table}`).join(' union '));
  return found.map(({ scope }) => scope).sort();
}

const CELL = 'product, region, period';

/** The rows of some scopes. */
export async function readScopeRows(client: Client, scopes: readonly string[], versions: InputVersions): Promise<ScopeRows> {
  const of = async <Row extends object>(table: string, columns: string): Promise<Row[]> => {
    const found = await rows<Row>(client, `select ${columns} from planning.${table} where scope = any($1)`, [scopes]);
    count(versions, table, found);
    return found;
  };
  const adjustments = async (team: Team): Promise<ScopeRows['adjustments']> =>
    of(`${team}_adjustments`, `'${team}' as team, id::text, ${CELL}, measure, kind, amount::text, unit, confidence::text, author, updated_at::text`);
  return {
    baseline: await of('baseline', `${CELL}, measure, amount::text, unit`),
    adjustments: [await adjustments(TEAMS[0]), await adjustments(TEAMS[1]), await adjustments(TEAMS[2])].flat(),
    capacities: await of('capacities', `${CELL}, amount::text, unit`),
    overrides: await of('plan_overrides', `id::text, ${CELL}, measure, amount::text, unit, author, created_at::text, withdrawn`),
    choices: await of('conflict_choices', `${CELL}, measure, team, author, chosen_at::text`),
  };
}

function count(versions: InputVersions, table: string, found: readonly object[]): void {
  const version = (versions[table] ??= { rows: 0, newest: null });
  version.rows += found.length;
  for (const row of found as { updated_at?: string }[])
    if (row.updated_at !== undefined && row.updated_at > (version.newest ?? '')) version.newest = row.updated_at;
}

const LINE = `${CELL}, measure, scope, unit, baseline::text, assumed::text, finance::text, sales::text, supply::text, cut::text, override::text, amount::text, capacity::text,
  constrained, overridden, frozen, conflict, contributors`;

/** Some scopes as the last plan has them; a scope that was never published is not there. */
export async function readPublished(client: Client, scopes: readonly string[]): Promise<Map<string, PublishedScope>> {
  const lines = await rows<PlanLineRow>(client, `select ${LINE} from planning.plan_lines where scope = any($1)`, [scopes]);
  const conflicts = await rows<ConflictRow>(
    client,
    `select id, ${CELL}, measure, scope, rule, contributors, resolution from planning.plan_conflicts where scope = any($1)`,
    [scopes],
  );
  const published = await rows<{ scope: string; premises: Premise[] }>(client, 'select scope, premises from planning.plan_scopes where scope = any($1)', [
    scopes,
  ]);
  const found = new Map<string, { lines: PlanLine[]; conflicts: Conflict[]; premises?: Premise[] }>();
  const at = (scope: string): { lines: PlanLine[]; conflicts: Conflict[]; premises?: Premise[] } => {
    const there = found.get(scope) ?? { lines: [], conflicts: [] };
    found.set(scope, there);
    return there;
  };
  for (const { scope, premises } of published) at(scope).premises = premises;
  for (const row of lines) at(row.scope).lines.push(lineFromRow(row));
  for (const row of conflicts) at(row.scope).conflicts.push(conflictFromRow(row));
  return found;
}
