import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Who acts, and why. A service login hands the context of a governed transaction over once, before the transaction has written
 * anything; from then on it is sealed: a MAC over (transaction id, role, context) under a key that only the owner's functions read.
 * A function that runs inside the transaction may overwrite the settings, or the role; the seal no longer fits and the context
 * counts for nothing (docs/adr/0002-sealed-context.md).
 */
export class Context1764000000002 implements MigrationInterface {
  readonly name = 'Context1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [SERVICE_SESSION, SEALING, NEW_SEAL, RESEAL, SEALED_CONTEXT, CONTEXT, CLAIMS, FAIL]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.fail, lakeloop.trace_id, lakeloop.actor, lakeloop.context, lakeloop.claim(text), lakeloop.claims, lakeloop.login_claims,
      lakeloop.unsealed_context, lakeloop.sealed_context, lakeloop.reseal; drop view lakeloop.new_seal, lakeloop.sealing; drop function lakeloop.refuse_seal, lakeloop.is_service_session`);
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

/**
 * The seal that fits what the settings say now: `lakeloop.ctx` the context, `lakeloop.next` the SHA-256 (hex) of the token that may open another context in
 * this transaction (empty when none may), and the role. `%I` quotes the role where it is no plain word, so that no two states have one spelling; the secret
 * at both ends leaves nothing to extend. One view for who seals and who checks. Every function call in it is paid for by every write, and by name: PostgreSQL
 * looks up the right to execute it each time.
 */
const SEALING = `
create view lakeloop.sealing as
select t.policy_version, t.epoch, encode(sha256(convert_to(format('%s:%s:%I:%s:%s:%s', t.secret, pg_current_xact_id_if_assigned(), current_setting('role'),
  current_setting('lakeloop.next', true), current_setting('lakeloop.ctx', true), t.secret), 'UTF8')), 'hex') as seal
from lakeloop.state t`;

/**
 * What a service login seals its context with, once (install.ts grants it to service logins alone). A view: read as part of the statement that opens a
 * transaction, it costs no function call. The second condition gives the transaction its id before the seal is made over it.
 */
const NEW_SEAL = `
create function lakeloop.refuse_seal() returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise insufficient_privilege using message = 'a context is set by a service login, once, before its transaction has written anything';
end
$$;
create view lakeloop.new_seal as
select case when pg_current_xact_id_if_assigned() is not null then lakeloop.refuse_seal() when pg_current_xact_id() is not null then m.seal end as seal
from lakeloop.sealing m`;

/** Opens another context in a transaction (a batched write-back): needs the token announced by the seal before it. */
const RESEAL = `
create function lakeloop.reseal(token text, ctx text, next text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  announced text := current_setting('lakeloop.next', true);
begin
  if lakeloop.sealed_context() is null or coalesce(announced, '') = '' or announced <> encode(sha256(convert_to(token, 'UTF8')), 'hex') then
    raise insufficient_privilege using message = 'the token does not open another context in this transaction';
  end if;
  perform pg_logical_emit_message(true, 'lakeloop.ctx', ctx);
  perform set_config('lakeloop.ctx', ctx, true), set_config('lakeloop.next', next, true);
  perform set_config('lakeloop.seal', (select m.seal from lakeloop.sealing m), true);
end
$$`;

/** The context, if it is sealed. What stands in its place otherwise: `false` where a service login should have sealed one, null where none was to be expected. */
const SEALED_CONTEXT = `
create function lakeloop.sealed_context() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select current_setting('lakeloop.ctx')::jsonb from lakeloop.sealing m where m.seal = current_setting('lakeloop.seal', true));
end
$$;
create function lakeloop.unsealed_context() returns json
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case when lakeloop.is_service_session() then 'false'::json end;
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
