import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `audit.agent_read`: what agents have read. The write service adds one row before it answers an agent, and one more at the end of an answer that it streamed;
 * it can't read, change or remove them. People's reads are not recorded.
 */
export class AgentReads1764000000020 implements MigrationInterface {
  readonly name = 'AgentReads1764000000020';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [BEGUN, ENDED, VIEW, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view audit.agent_read; drop table audit.agent_read_end, audit.agent_read_begin; revoke usage on schema audit from lakeloop_write');
  }
}

const BEGUN = `
create table audit.agent_read_begin (
  id uuid primary key,
  at timestamptz not null default clock_timestamp(),
  login name not null default session_user,
  actor text not null,
  agent text not null,
  on_behalf_of text,
  role text not null,
  home text not null check (home in ('postgres', 'lakehouse', 'both')),
  table_schema text not null,
  table_name text not null,
  query text not null,
  policy_version integer,
  rows bigint not null,
  result_hash bytea,
  request_id text not null,
  trace_id text,
  reason text
);
create index agent_read_at on audit.agent_read_begin (at);
create index agent_read_table on audit.agent_read_begin (table_schema, table_name, at);
create index agent_read_trace_id on audit.agent_read_begin (trace_id)`;

const ENDED = `
create table audit.agent_read_end (
  id uuid primary key,
  at timestamptz not null default clock_timestamp(),
  result_hash bytea not null
)`;

const VIEW = `
create view audit.agent_read as
select b.id, b.at, b.actor, b.agent, b.on_behalf_of, b.role, b.home, b.table_schema, b.table_name, b.query, b.policy_version, b.rows,
       coalesce(b.result_hash, e.result_hash) as result_hash, coalesce(e.at, case when b.result_hash is not null then b.at end) as ended_at,
       b.request_id, b.trace_id, b.reason, b.login
from audit.agent_read_begin b left join audit.agent_read_end e using (id);
comment on view audit.agent_read is 'Reads of agents, one row each, recorded before their rows went out';
comment on column audit.agent_read.actor is 'the token''s subject: for an agent with "act" the person on whose behalf it reads';
comment on column audit.agent_read.query is 'the request in the dialect of rows, with ? for every value';
comment on column audit.agent_read.rows is 'rows of the answer';
comment on column audit.agent_read.result_hash is 'SHA-256 of the body; null for a streamed answer that was not read to its end'`;

const GRANTS = `
grant usage on schema audit to lakeloop_write;
grant insert on audit.agent_read_begin, audit.agent_read_end to lakeloop_write;
grant select on audit.agent_read to auditor, administrator`;
