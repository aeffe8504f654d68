import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * What governed.ts sends ahead of a statement. These functions run with the caller's own rights (SECURITY INVOKER: a role can't be set otherwise);
 * install.ts grants them to service logins, which are allowed to become app roles and nothing else.
 */
export class Execute1763900000005 implements MigrationInterface {
  readonly name = 'Execute1763900000005';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [AWAIT_KEY, OPEN, RECEIVE, TRACE_STEPS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.trace_steps, lakeloop.receive, lakeloop.open, lakeloop.await_key');
  }
}

/** Waits for the twin that holds an idempotency key's lock, for at most 5 s: then the transaction ends with SQLSTATE LL001 (docs/adr/0004-idempotency.md). */
const AWAIT_KEY = `
create function lakeloop.await_key(lock bigint) returns boolean
language plpgsql as $$
declare
  waits text := current_setting('lock_timeout');
begin
  perform set_config('lock_timeout', '5s', true);
  begin
    perform pg_advisory_xact_lock(lock);
  exception when lock_not_available then
    raise exception using errcode = 'LL001', message = 'the idempotency key is in use';
  end;
  perform set_config('lock_timeout', waits, true);
  return true;
end
$$;
revoke all on function lakeloop.await_key from public`;

/** Opens a transaction of several statements under a principal: in one query, since the role that it ends with may not give a context. */
const OPEN = `
create function lakeloop.open(role text, ctx text, claims text, trace text, next text) returns void
language plpgsql as $$
declare
  opened bigint;
begin
  insert into lakeloop.opening (role, context, trace_id, next) values (open.role, ctx, nullif(trace, ''), open.next)
  returning id into opened;
  perform set_config('lakeloop.request', opened::text, true), set_config('request.jwt.claims', claims, true), set_config('role', open.role, true),
    pg_logical_emit_message(true, 'lakeloop.ctx', ctx);
end
$$;
revoke all on function lakeloop.open from public`;

/** Marks an event as received by a consumer; false when it was before. Works under the flow's role, only for the workflow's login. */
const RECEIVE = `
create function lakeloop.receive(consumer text, event_id text, published_at timestamptz default null, trace_id text default null) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if session_user <> 'lakeloop_workflow' then
    raise insufficient_privilege using message = 'only the workflow service receives events';
  end if;
  insert into lakeloop.inbox values (consumer, event_id, clock_timestamp(), published_at, trace_id) on conflict do nothing;
  return found;
end
$$`;

/**
 * Steps of one trace: audited changes of tables that the caller's role may read at all, without images, and receipts of events. The trace id
 * is the capability: 128 random bits, known to who takes part in the case.
 */
const TRACE_STEPS = `
create function lakeloop.trace_steps(trace text)
returns table (kind text, actor text, agent text, table_schema text, table_name text, key jsonb, operation text, at timestamptz, event_id text, reason text, flow text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with me as (select case current_setting('role') when 'none' then session_user::text else current_setting('role') end as role)
  select 'write', e.actor, e.agent, e.table_schema::text, e.table_name::text, e.key, e.operation, e.at, null, e.reason, e.flow
  from audit.entry e cross join me
  where e.trace_id = trace and has_any_column_privilege(me.role::name, to_regclass(format('%I.%I', e.table_schema, e.table_name))::oid, 'select')
  union all
  select 'receive', i.consumer, null, null, null, null, null, i.received_at, i.event_id, null, i.consumer from lakeloop.inbox i where i.trace_id = trace
  union all
  select 'publish', 'cdc', null, null, null, null, null, i.published_at, i.event_id, null, null from lakeloop.inbox i where i.trace_id = trace and i.published_at is not null
  order by 8
$$`;
