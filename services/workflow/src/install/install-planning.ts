import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoteLiteral, quoteTable } from '#libs/postgres/identifiers';
import { PLANNING_ROLE, PLANNING_TABLES } from '../flows/planning/tables/planning-tables.ts';
import { planningTriggers } from '../flows/planning/tables/planning-triggers.ts';
import { PLANNING_READERS } from './planning-policy.ts';

export const PLANNING_INSTALL_ROLES = { principal: PLANNING_ROLE, readers: PLANNING_READERS } as const;

/** Functions, triggers and adoption of schema `planning`, when their text changed. In the caller's transaction, as owner. */
export async function installPlanning(client: pg.ClientBase): Promise<void> {
  const statements = [
    ...planningTriggers(),
    ...PLANNING_TABLES.map((table) => `select lakeloop.adopt(${quoteLiteral(quoteTable(table))})`),
    // The last slot of each schedule is asked for every second.
    'create index if not exists plan_runs_slots on planning.plan_runs (schedule, slot)',
    `grant select, delete on lakeloop.planning_touched to ${PLANNING_ROLE}`,
  ];
  const fingerprint = createHash('sha256').update(statements.join(';\n')).digest('hex');
  const present = await client.query<{ fingerprint: string }>("select fingerprint from lakeloop.flow where name = 'planning'");
  if (present.rows[0]?.fingerprint === fingerprint) return;
  for (const statement of statements) await client.query(statement);
  await client.query(
    `insert into lakeloop.flow as f (name, definition, fingerprint) values ('planning', $1, $2)
     on conflict (name) do update set definition = excluded.definition, fingerprint = excluded.fingerprint, installed_at = clock_timestamp()`,
    [JSON.stringify({ name: 'planning', title: 'Planning', schema: 'planning' }), fingerprint],
  );
}
