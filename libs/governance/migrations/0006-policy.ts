import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `lakeloop.claim(name, type)`: a claim in the form of a type, or NULL. A cast that failed would turn a row filter into an error. The forms are
 * those of ../policy/scalar.ts, digit by digit: spellings that only Postgres reads ('yes', '1e3', 'tomorrow') are refused on both sides.
 */
export class Policy1764000000006 implements MigrationInterface {
  readonly name = 'Policy1764000000006';

  async up(runner: QueryRunner): Promise<void> {
    const [row] = (await runner.query(`select current_setting('server_version_num')::integer >= 160000 as modern`)) as { modern: boolean }[];
    await asOwner(runner, [row?.modern ? IS_INPUT : IS_INPUT_BEFORE_16, CLAIM]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.claim(text, text), lakeloop.is_input');
  }
}

const IS_INPUT = `
create function lakeloop.is_input(value text, type text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$ select pg_input_is_valid(value, type) $$`;

const IS_INPUT_BEFORE_16 = `
create function lakeloop.is_input(value text, type text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  execute format('select %L::%s', value, to_regtype(type));
  return true;
exception when data_exception then
  return false;
end
$$`;

const CLAIM = String.raw`
create function lakeloop.claim(name text, type text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  claim jsonb := coalesce(case when pg_has_role(session_user, 'lakeloop_service', 'member') and not pg_has_role(session_user, 'lakeloop_owner', 'member')
    then nullif(current_setting('request.jwt.claims', true), '')::jsonb else lakeloop.login_claims() end, '{}') -> name;
  value text := claim #>> '{}';
  form text;
begin
  if value is null then
    return null;
  elsif jsonb_typeof(claim) <> 'string' and (jsonb_typeof(claim) in ('object', 'array') or jsonb_typeof(claim) = 'number' and value !~ '^-?[0-9]{1,15}$') then
    return null;
  elsif type = 'text' then
    return value;
  end if;
  form := case type
    when 'boolean' then '^(true|t|false|f)$'
    when 'int2' then '^[+-]?[0-9]{1,19}$'
    when 'int4' then '^[+-]?[0-9]{1,19}$'
    when 'int8' then '^[+-]?[0-9]{1,19}$'
    when 'numeric' then '^[+-]?[0-9]+(\.[0-9]+)?$'
    when 'uuid' then '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
    when 'date' then '^([0-9]{4,7}-[0-9]{2}-[0-9]{2}( BC)?|-?infinity)$'
    when 'timestamp' then '^([0-9]{4,6}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?( BC)?|-?infinity)$'
    when 'timestamptz' then '^([0-9]{4,6}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)( BC)?|-?infinity)$'
  end;
  if value !~ form or length(value) > 1000 and type = 'numeric' or not lakeloop.is_input(value, type) then
    return null;
  end if;
  return value;
end
$$`;
