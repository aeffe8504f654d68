import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/** What a function said to a call under an idempotency key, which can't be read again as rows can (docs/adr/0004-idempotency.md). */
export class KeptAnswer1764000000061 implements MigrationInterface {
  readonly name = 'KeptAnswer1764000000061';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [KEPT_ANSWER, KEEP_ANSWER, ANSWER_KEPT, FORGET_ANSWERS, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.forget_answers, lakeloop.answer_kept, lakeloop.keep_answer; drop table lakeloop.kept_answer');
  }
}

/** Apart from the key's row, which is the audit's and stays. `told_to`: hash of whom it was said to. Null `body`: it was too long to keep. */
const KEPT_ANSWER = `
create table lakeloop.kept_answer (
  key_id bytea primary key,
  kept_at timestamptz not null default now(),
  told_to bytea not null,
  policy_version integer not null,
  body text,
  total bigint,
  page bigint,
  status text,
  headers text
);
create index kept_answer_kept_at on lakeloop.kept_answer (kept_at)`;

/** In the transaction of the call, for whose request the key is. */
const KEEP_ANSWER = `
create function lakeloop.keep_answer(key bytea, told_to bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into lakeloop.kept_answer (key_id, told_to, policy_version, body, total, page, status, headers)
  select r.key_id, keep_answer.told_to, r.policy_version, o.said ->> 'body', (o.said ->> 'total')::bigint, (o.said ->> 'page')::bigint,
    nullif(current_setting('response.status', true), ''), nullif(current_setting('response.headers', true), '')
  from audit.request r cross join (select current_setting('lakeloop.outcome')::json as said) o
  where r.id = current_setting('lakeloop.request')::bigint and r.xid = pg_current_xact_id_if_assigned() and r.key_id = key
  on conflict (key_id) do update set kept_at = excluded.kept_at, told_to = excluded.told_to, policy_version = excluded.policy_version, body = excluded.body,
    total = excluded.total, page = excluded.page, status = excluded.status, headers = excluded.headers
$$;
revoke all on function lakeloop.keep_answer from public`;

/** What was said, to the one it was said to, as long as no policy has changed since and the role may still call such a function. */
const ANSWER_KEPT = `
create function lakeloop.answer_kept(key bytea, told_to bytea, role text, routine_schema text, routine_name text)
returns table (body text, total bigint, page bigint, status text, headers text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.body, a.total, a.page, a.status, a.headers from lakeloop.kept_answer a
  where a.key_id = key and a.told_to = answer_kept.told_to and a.body is not null and a.kept_at > now() - interval '24 hours' and a.policy_version = lakeloop.policy_version()
    and exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = routine_schema and p.proname = routine_name and has_function_privilege(role::name, p.oid, 'execute'))
$$;
revoke all on function lakeloop.answer_kept from public`;

const FORGET_ANSWERS = `
create function lakeloop.forget_answers() returns integer
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from lakeloop.kept_answer where key_id in (select a.key_id from lakeloop.kept_answer a where a.kept_at <= now() - interval '24 hours' limit 1000) returning 1)
  select count(*)::integer from gone
$$;
revoke all on function lakeloop.forget_answers from public`;

const GRANTS = `
grant execute on function lakeloop.keep_answer, lakeloop.answer_kept, lakeloop.forget_answers to lakeloop_write`;
