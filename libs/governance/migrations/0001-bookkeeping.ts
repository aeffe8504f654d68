import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/** The tables behind governance, other than the audit. No app role reads or writes them. */
export class Bookkeeping1763900000001 implements MigrationInterface {
  readonly name = 'Bookkeeping1763900000001';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [CONSTANTS, PRINCIPALS, POLICY, INBOX, ADOPTED]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table lakeloop.adopted, lakeloop.inbox, lakeloop.policy, lakeloop.principals; drop function lakeloop.epoch, lakeloop.policy_version',
    );
  }
}

/**
 * What every request is written down with: the version of the policy in force, and the epoch. The planner puts the constants into each plan, and makes plans
 * anew when a function is replaced, as it does when a table's row-level security changes; a table would be read by every write. ../policy/apply-policy.ts
 * replaces the first.
 */
const CONSTANTS = `
create function lakeloop.policy_version() returns integer language sql stable as 'select 0';
create function lakeloop.epoch() returns integer language sql stable as 'select 1'`;

const PRINCIPALS = `
create table lakeloop.principals (
  login name primary key,
  claims jsonb not null default '{}' check (jsonb_typeof(claims) = 'object')
);
comment on table lakeloop.principals is 'Claims of logins that come by SQL rather than with a token; row filters see them through lakeloop.claim()'`;

const POLICY = `
create table lakeloop.policy (
  version integer primary key,
  document jsonb not null,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by name not null default session_user
)`;

const INBOX = `
create table lakeloop.inbox (
  consumer text not null,
  event_id text not null,
  received_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  trace_id text,
  primary key (consumer, event_id)
);
create index inbox_trace_id on lakeloop.inbox (trace_id) where trace_id is not null`;

const ADOPTED = `
create table lakeloop.adopted (
  id integer generated always as identity primary key,
  root regclass not null unique,
  schema_version integer,
  adopted_at timestamptz not null default clock_timestamp()
);
grant select on lakeloop.adopted to public;
comment on table lakeloop.adopted is 'Tables under audit: their changes are recorded in audit.entry and published'`;
