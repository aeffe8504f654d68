import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import type { TableName } from '#libs/postgres/identifiers';
import type { ChangeTrigger, Flow, FlowStep } from './flow.ts';

export interface Route {
  flow: Flow;
  trigger: ChangeTrigger;
  step: FlowStep;
}

/** The flows of this process, complete or not at all: a gap is a `misconfigured` Failure at boot, never a job without a handler. */
export class FlowRegistry {
  readonly flows: readonly Flow[];
  readonly routes: readonly Route[];

  constructor(flows: readonly Flow[]) {
    this.flows = flows;
    unique(
      flows.map((flow) => flow.name),
      'flow',
    );
    unique(
      flows.flatMap((flow) => flow.steps.map((step) => step.queue.name)),
      'queue',
    );
    this.routes = flows.flatMap(routesOf);
  }

  find(name: string): Flow | undefined {
    return this.flows.find((flow) => flow.name === name);
  }

  /** Tables and roles are there, the login may become the roles, and the tables are under audit (so that their changes come). */
  async verify(pool: pg.Pool): Promise<void> {
    const missing = (await Promise.all(this.flows.map((flow) => missingOf(pool, flow)))).flat();
    if (missing.length > 0) throw new Failure('misconfigured', `flows can not start: ${missing.join('; ')}`, { detail: { missing } });
  }
}

function routesOf(flow: Flow): Route[] {
  if (flow.steps.length === 0) throw new Failure('misconfigured', `flow ${flow.name} has no step`);
  return flow.triggers.map((trigger) => {
    const step = flow.steps.find(({ name }) => name === trigger.step);
    if (!step) throw new Failure('misconfigured', `flow ${flow.name}: nothing handles the step ${trigger.step}`);
    if (!flow.tables.some((table) => same(table, trigger.table)))
      throw new Failure('misconfigured', `flow ${flow.name} reacts to a table that is none of its own`);
    return { flow, trigger, step };
  });
}

function unique(names: readonly string[], what: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Failure('misconfigured', `the ${what} ${twice} is registered twice`);
}

function same(left: TableName, right: TableName): boolean {
  return left.schema === right.schema && left.name === right.name;
}

/** By the catalogue: the login itself has no right to the tables, only the role it becomes. */
const VERIFY = `with needed as (
    select n.schema, n.name, c.oid from unnest($2::text[], $3::text[]) n(schema, name)
      left join pg_namespace s on s.nspname = n.schema left join pg_class c on c.relnamespace = s.oid and c.relname = n.name
  )
  select to_regrole(quote_ident($1)) is not null as role,
    coalesce(pg_has_role(session_user, to_regrole(quote_ident($1)), 'member'), false) as member,
    array(select format('%I.%I', schema, name) from needed where oid is null) as absent,
    array(select format('%I.%I', schema, name) from needed where oid is not null and not exists (select from lakeloop.adopted a where a.root = needed.oid)) as unadopted`;

async function missingOf(pool: pg.Pool, flow: Flow): Promise<string[]> {
  const { rows } = await pool.query<{ role: boolean; member: boolean; absent: string[]; unadopted: string[] }>(VERIFY, [
    flow.role,
    flow.tables.map(({ schema }) => schema),
    flow.tables.map(({ name }) => name),
  ]);
  const { role, member, absent, unadopted } = rows[0] ?? { role: false, member: false, absent: [], unadopted: [] };
  return [
    ...(role ? [] : [`role ${flow.role} does not exist`]),
    ...(role && !member ? [`this login is no member of ${flow.role}`] : []),
    ...absent.map((table) => `table ${table} does not exist`),
    ...unadopted.map((table) => `table ${table} is not adopted`),
  ];
}
