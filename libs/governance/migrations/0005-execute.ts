import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * The governed statement in one round trip. These functions run with the caller's own rights (SECURITY INVOKER: a role can't be set
 * otherwise); install.ts grants them to service logins, which are allowed to become app roles and nothing else.
 */
export class Execute1763800000005 implements MigrationInterface {
  readonly name = 'Execute1763800000005';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [EXECUTE, READ, OPEN, RECEIVE, TRACE_STEPS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.trace_steps, lakeloop.receive, lakeloop.open, lakeloop.read, lakeloop.execute');
  }
}

/**
 * Runs `statement`, prepared in this session where it can be: parsing and planning cost several times what an insert does. The role is part of the
 * name, since row-level security makes one role's plan useless to another. What is prepared is noted in a setting, which is quicker to ask than
 * pg_prepared_statements; a roll-back forgets the note, hence the second look. Past the limit, statements run unprepared.
 */
const RUN = `
  prepared := 'll_' || md5(role || ':' || statement);
  if current_setting('lakeloop.' || prepared, true) is distinct from 'prepared' then
    if exists (select from pg_prepared_statements p where p.name = prepared) then
      perform set_config('lakeloop.' || prepared, 'prepared', false);
    elsif (select count(*) from pg_prepared_statements) < 256 then
      execute 'prepare ' || prepared || '(text[]) as ' || statement;
      perform set_config('lakeloop.' || prepared, 'prepared', false);
    else
      prepared := null;
    end if;
  end if;
  if prepared is null then
    execute statement into body, total, page, extra using parameters;
  else
    execute format('execute %s(%L)', prepared, parameters) into body, total, page, extra;
  end if;`;

/**
 * Context first, then the idempotency key, then role and settings, then the statement, whose one row is (body, total, page, extra).
 * A twin waits on the key's unique index for at most 5 s (55P03).
 */
const EXECUTE = `
create function lakeloop.execute(role text, ctx text, claims text, statement text, parameters text[],
  idempotency_id bytea default null, request_hash bytea default null, idempotency jsonb default null,
  out outcome text, out body text, out total bigint, out page bigint, out extra jsonb, out stored_status integer, out stored_keys jsonb, out stored_digest bytea)
language plpgsql as $$
declare
  sealed text := lakeloop.seal(role, ctx);
  waits text;
  stored lakeloop.idempotency_key;
  prepared text;
begin
  if idempotency_id is not null then
    waits := current_setting('lock_timeout');
    perform set_config('lock_timeout', '5s', true);
    insert into lakeloop.idempotency_key as k (id, principal, method, path, key, request_hash)
    values (idempotency_id, idempotency ->> 'principal', idempotency ->> 'method', idempotency ->> 'path', idempotency ->> 'key', request_hash)
    on conflict (id) do update set request_hash = excluded.request_hash, created_at = now(), status = null, row_keys = null, digest = null
      where k.created_at < now() - interval '24 hours';
    if not found then
      select * into stored from lakeloop.idempotency_key k where k.id = idempotency_id;
      outcome := case when stored.request_hash = request_hash then 'replayed' else 'mismatch' end;
      stored_status := stored.status;
      stored_keys := stored.row_keys;
      stored_digest := stored.digest;
      return;
    end if;
    perform set_config('lock_timeout', waits, true);
  end if;
  perform set_config('lakeloop.ctx', ctx, true), set_config('lakeloop.seal', sealed, true), set_config('request.jwt.claims', claims, true), set_config('role', role, true);${RUN}
  outcome := 'executed';
  if idempotency_id is not null then
    perform set_config('role', 'none', true);
    update lakeloop.idempotency_key k
    set status = coalesce((extra ->> 'status')::integer, (idempotency ->> 'status')::integer), row_keys = extra -> 'keys', digest = sha256(convert_to(coalesce(body, ''), 'UTF8'))
    where k.id = idempotency_id;
  end if;
end
$$;
revoke all on function lakeloop.execute from public`;

const READ = `
create function lakeloop.read(role text, claims text, statement text, parameters text[], out body text, out total bigint, out page bigint, out extra jsonb)
language plpgsql as $$
declare
  prepared text;
begin
  perform set_config('transaction_read_only', 'on', true), set_config('request.jwt.claims', claims, true), set_config('role', role, true);${RUN}
end
$$;
revoke all on function lakeloop.read from public`;

/** Opens a transaction of several statements under a principal. */
const OPEN = `
create function lakeloop.open(role text, ctx text, claims text, next text) returns void
language plpgsql as $$
declare
  sealed text := lakeloop.seal(role, ctx, next);
begin
  perform set_config('lakeloop.ctx', ctx, true), set_config('lakeloop.seal', sealed, true), set_config('request.jwt.claims', claims, true), set_config('role', role, true);
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
