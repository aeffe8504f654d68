import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * What governed.ts sends ahead of a statement. These functions run with the caller's own rights (SECURITY INVOKER: a role can't be set otherwise);
 * install.ts grants them to service logins, which are allowed to become app roles and nothing else.
 */
export class Execute1764000000005 implements MigrationInterface {
  readonly name = 'Execute1764000000005';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [CLAIM_KEY, OPEN, RECEIVE, TRACE_STEPS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.trace_steps, lakeloop.receive, lakeloop.open, lakeloop.claim_key');
  }
}

/**
 * Called where the key may be taken: somebody holds its lock, or its row is there. A twin waits for at most 5 s; what it finds then ends the
 * transaction with SQLSTATE LL001 and why in DETAIL (docs/adr/0004-idempotency.md).
 */
const CLAIM_KEY = `
create function lakeloop.claim_key(lock bigint, id bytea, request_hash bytea) returns void
language plpgsql as $$
declare
  waits text := current_setting('lock_timeout');
  stored lakeloop.idempotency_key;
begin
  perform set_config('lock_timeout', '5s', true);
  begin
    perform pg_advisory_xact_lock(lock);
  exception when lock_not_available then
    raise exception using errcode = 'LL001', message = 'the idempotency key is in use', detail = '{"outcome":"in-flight"}';
  end;
  perform set_config('lock_timeout', waits, true);
  select * into stored from lakeloop.idempotency_key k where k.id = claim_key.id;
  if found then
    raise exception using errcode = 'LL001', message = 'the idempotency key was used', detail = case
      when stored.created_at <= now() - interval '24 hours' then '{"outcome":"expired"}'
      when stored.request_hash <> claim_key.request_hash then '{"outcome":"mismatch"}'
      else (jsonb_build_object('outcome', 'replayed', 'status', stored.status) || coalesce(stored.outcome::jsonb, '{}'))::text end;
  end if;
end
$$;
revoke all on function lakeloop.claim_key from public`;

/** Opens a transaction of several statements under a principal: in one query, since the role that it ends with may not ask for a seal. */
const OPEN = `
create function lakeloop.open(role text, ctx text, claims text, next text) returns void
language plpgsql as $$
begin
  perform set_config('lakeloop.ctx', ctx, true), set_config('request.jwt.claims', claims, true), set_config('lakeloop.next', next, true), set_config('role', role, true),
    set_config('lakeloop.seal', (select s.seal from lakeloop.new_seal s), true), pg_logical_emit_message(true, 'lakeloop.ctx', ctx);
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
