import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Who acts, and why. A service login hands the context of a governed transaction over once, before the transaction has written
 * anything; from then on it is sealed: a MAC over (transaction id, role, context) under a key that only the owner's functions read.
 * A function that runs inside the transaction may overwrite the settings, or the role; the seal no longer fits and the context
 * counts for nothing (docs/adr/0002-sealed-context.md).
 */
export class Context1763900000002 implements MigrationInterface {
  readonly name = 'Context1763900000002';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [SERVICE_SESSION, MAC, NEW_SEAL, RESEAL, SEALED_CONTEXT, CONTEXT, CLAIMS, FAIL]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.fail, lakeloop.trace_id, lakeloop.actor, lakeloop.context, lakeloop.claim(text), lakeloop.claims, lakeloop.login_claims,
      lakeloop.sealed_context, lakeloop.reseal; drop view lakeloop.new_seal; drop function lakeloop.refuse_seal, lakeloop.mac, lakeloop.is_service_session`);
  }
}

/**
 * A superuser is a member of everything, so of lakeloop_owner too; a service login never is. PL/pgSQL here and below: it keeps its plans for the session,
 * where a function in SQL that can't be inlined costs several times as much.
 */
const SERVICE_SESSION = `
create function lakeloop.is_service_session() returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  return (pg_has_role(session_user, 'lakeloop_service', 'member') and not pg_has_role(session_user, 'lakeloop_owner', 'member'));
end
$$`;

/** The inner hash makes the outer one's input of fixed length, so that it can't be extended. */
const MAC = `
create function lakeloop.mac(secret bytea, role text, next text, ctx text) returns text
language sql stable parallel safe set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(secret || sha256(convert_to(pg_current_xact_id_if_assigned()::text || ':' || length(role) || ':' || role || ':' || next || ':' || ctx, 'UTF8'))), 'hex')
$$;
revoke all on function lakeloop.mac from public`;

/**
 * The seal for what the settings say: `lakeloop.ctx` the context, `lakeloop.seal` `<next>.<role>`, where `next` is the SHA-256 (hex) of the token that may
 * open another context in this transaction, empty when none may. A view: read as part of the statement that opens a transaction, it costs no function call.
 */
const NEW_SEAL = `
create function lakeloop.refuse_seal() returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise insufficient_privilege using message = 'a context is set by a service login, once, before its transaction has written anything';
end
$$;
create view lakeloop.new_seal as
select case when pg_current_xact_id_if_assigned() is not null or pg_has_role(session_user, 'lakeloop_owner', 'member') or not pg_has_role(session_user, 'lakeloop_service', 'member')
  then lakeloop.refuse_seal()
  else o.next || '.' || encode(sha256(o.secret || sha256(convert_to(pg_current_xact_id()::text || ':' || length(o.role) || ':' || o.role || ':' || o.next || ':' || o.ctx, 'UTF8'))), 'hex')
  end as seal
from (
  select s.secret, current_setting('lakeloop.ctx') as ctx, split_part(current_setting('lakeloop.seal'), '.', 1) as next,
         substr(current_setting('lakeloop.seal'), strpos(current_setting('lakeloop.seal'), '.') + 1) as role
  from lakeloop.state s offset 0
) o`;

/** Opens another context in a transaction (a batched write-back): needs the token announced by the seal before it. */
const RESEAL = `
create function lakeloop.reseal(token text, ctx text, next text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  announced text := split_part(current_setting('lakeloop.seal', true), '.', 1);
  role text := current_setting('role');
begin
  if lakeloop.sealed_context() is null or announced = '' or announced <> encode(sha256(convert_to(token, 'UTF8')), 'hex') then
    raise insufficient_privilege using message = 'the token does not open another context in this transaction';
  end if;
  perform pg_logical_emit_message(true, 'lakeloop.ctx', ctx);
  perform set_config('lakeloop.ctx', ctx, true);
  perform set_config('lakeloop.seal', next || '.' || lakeloop.mac((select s.secret from lakeloop.state s), role, next, ctx), true);
end
$$`;

const SEALED_CONTEXT = `
create function lakeloop.sealed_context() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  ctx text := current_setting('lakeloop.ctx', true);
  seal text := current_setting('lakeloop.seal', true);
  role text := current_setting('role');
  next text;
begin
  if ctx is null or ctx = '' or seal is null or seal = '' then
    return null;
  end if;
  next := split_part(seal, '.', 1);
  return (select ctx::jsonb from lakeloop.state s where seal =
    next || '.' || encode(sha256(s.secret || sha256(convert_to(pg_current_xact_id_if_assigned()::text || ':' || length(role) || ':' || role || ':' || next || ':' || ctx, 'UTF8'))), 'hex'));
end
$$`;

const CONTEXT = `
create function lakeloop.context() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(lakeloop.sealed_context(), jsonb_build_object('actor', session_user))
$$;
create function lakeloop.actor() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(lakeloop.sealed_context() ->> 'actor', session_user)
$$;
create function lakeloop.trace_id() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select nullif(substring(lakeloop.sealed_context() ->> 'traceparent' from '^[0-9a-f]{2}-([0-9a-f]{32})-'), repeat('0', 32))
$$`;

/** Claims decide rows, as the role decides tables: both are the service login's word (decisions.md 2), so neither is sealed. */
const CLAIMS = `
create function lakeloop.login_claims() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.claims from lakeloop.principals p where p.login = session_user
$$;
create function lakeloop.claims() returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if (pg_has_role(session_user, 'lakeloop_service', 'member') and not pg_has_role(session_user, 'lakeloop_owner', 'member')) then
    return coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb;
  end if;
  return coalesce(lakeloop.login_claims(), '{}');
end
$$;
create function lakeloop.claim(name text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return lakeloop.claims() ->> name;
end
$$`;

/** For triggers and compiled statements: ends the transaction with an HTTP status (PostgREST's PTxyz). */
const FAIL = `
create function lakeloop.fail(status integer, message text, detail text default '', hint text default '') returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'PT' || status, message = message, detail = detail, hint = hint;
end
$$`;
