import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `audit.attach` sees to it that lakeloop_owner may read what a TRUNCATE removes, in each partition and in schemas of others: a recorder that may not read them
 * has TRUNCATE fail. Where whoever adopts may not grant that, it is said, and `lakeloop doctor` says it again: all other writes are recorded.
 */
export class TruncateGrants1764000000047 implements MigrationInterface {
  readonly name = 'TruncateGrants1764000000047';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [LET_READ, ATTACH]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function audit.let_read`);
  }
}

const LET_READ = `
create function audit.let_read(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  home name := (select n.nspname from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = relation);
begin
  if not has_table_privilege('lakeloop_owner', relation, 'select') then
    execute format('grant select on %s to lakeloop_owner', relation);
  end if;
  if has_schema_privilege('lakeloop_owner', home, 'usage') then
    return;
  elsif has_schema_privilege(home, 'usage with grant option') then
    execute format('grant usage on schema %I to lakeloop_owner', home);
  else
    raise warning using message = format('TRUNCATE of %s will fail: its rows can''t be recorded', relation), hint = format('Have its owner run: grant usage on schema %I to lakeloop_owner', home);
  end if;
end
$$;
revoke all on function audit.let_read from public`;

/** As in 0004. */
const ATTACH = `
create or replace function audit.attach(relation regclass, adopted_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  fn text := 'audit.record_' || adopted_id;
begin
  perform audit.let_read(relation);
  if (select relreplident from pg_class where oid = relation) <> 'f' then
    execute format('alter table %s replica identity full', relation);
  end if;
  if (select count(*) from pg_trigger where tgrelid = relation and tgname like 'lakeloop\\_audit\\_%' and tgenabled = 'A') = 4 then
    return;
  end if;
  execute format('create or replace trigger lakeloop_audit_insert after insert on %s referencing new table as new_rows for each statement execute function %s_insert()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function %s_update()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_delete after delete on %s referencing old table as old_rows for each statement execute function %s_delete()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_truncate before truncate on %s for each statement execute function %s_truncate()', relation, fn);
  execute format('alter table %s enable always trigger lakeloop_audit_insert, enable always trigger lakeloop_audit_update,
    enable always trigger lakeloop_audit_delete, enable always trigger lakeloop_audit_truncate', relation);
end
$$`;
