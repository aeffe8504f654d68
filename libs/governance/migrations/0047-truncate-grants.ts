import type { MigrationInterface, QueryRunner } from 'typeorm';
import { attach } from './0004-adopt.ts';
import { WRITE_RECORDER } from './0035-batched-recorder.ts';
import { asOwner } from './as-owner.ts';

/**
 * What the owners of adopted tables and lakeloop_owner let each other do.
 *
 * An owner who is no member of lakeloop_owner goes on altering the table, and making partitions of it: `lakeloop.renew` renews the recorders for them, with
 * lakeloop_owner's rights and no more, and the new partition's triggers they attach themselves. For that they may execute the recorders of their own table, which they
 * could switch off as well.
 *
 * `audit.attach` sees to it that lakeloop_owner may read what a TRUNCATE removes, in each partition and in schemas of others: a recorder that may not read them
 * has TRUNCATE fail. Where whoever adopts may not grant that, it is said, and `lakeloop doctor` says it again: all other writes are recorded.
 */
export class TruncateGrants1764000000047 implements MigrationInterface {
  readonly name = 'TruncateGrants1764000000047';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [LET_READ, LET_RENEW, LET_GO, RENEW, ATTACH, onDdl(''), WRITE_RECORDER]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.renew, audit.let_go, audit.let_renew, audit.let_read`);
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

/** For the table's owner, once its recorders are there. */
const LET_RENEW = `
create function audit.let_renew(relation regclass, adopted_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  owner name := (select r.rolname from pg_class k join pg_roles r on r.oid = k.relowner where k.oid = relation);
begin
  if pg_has_role(owner, 'lakeloop_owner', 'usage') or not pg_has_role('lakeloop_owner', 'usage') then
    return;
  end if;
  execute format('grant usage on schema audit to %1$I', owner);
  execute format('grant execute on function audit.attach(regclass, integer), audit.let_read(regclass), audit.let_renew(regclass, integer),
    audit.record_%2$s_insert(), audit.record_%2$s_update(), audit.record_%2$s_delete(), audit.record_%2$s_truncate() to %1$I', owner, adopted_id);
end
$$;
revoke all on function audit.let_renew from public`;

/** For a table that was adopted: its owner keeps nothing of what \`audit.let_renew\` gave, unless another table of theirs still is. */
const LET_GO = `
create function audit.let_go(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  role record;
begin
  select r.oid, r.rolname into role from pg_class k join pg_roles r on r.oid = k.relowner where k.oid = relation;
  if pg_has_role(role.oid, 'lakeloop_owner', 'usage') or exists (select from lakeloop.adopted a join pg_class k on k.oid = a.root where k.relowner = role.oid) then
    return;
  end if;
  execute format('revoke usage on schema audit from %1$I; revoke execute on function audit.attach(regclass, integer), audit.let_read(regclass), audit.let_renew(regclass, integer) from %1$I', role.rolname);
end
$$;
revoke all on function audit.let_go from public`;

/** For the event trigger: what of \`lakeloop.adopt\` needs lakeloop_owner's rights, and not the table's owner's. Returns the table's number. */
const RENEW = `
create function lakeloop.renew(root regclass) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entry_id integer := (select a.id from lakeloop.adopted a where a.root = renew.root);
  version integer;
begin
  if entry_id is null or not pg_has_role(session_user, (select k.relowner from pg_class k where k.oid = renew.root), 'member') then
    raise insufficient_privilege using message = format('%s is no adopted table of yours', root);
  end if;
  version := audit.current_schema_version(entry_id, root);
  update lakeloop.adopted set schema_version = version where id = entry_id and schema_version is distinct from version;
  perform audit.write_recorder(entry_id, root, version);
  return entry_id;
end
$$`;

const ATTACH = attach(`
  perform audit.let_read(relation);
  perform audit.let_renew(relation, adopted_id);`);

/** As in 0004, but that an owner who may not adopt a table has it renewed, and attaches what is new. `first`: PL/pgSQL for each adopted table. */
export const onDdl = (first: string): string => `
create or replace function lakeloop.on_ddl() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  root regclass;
  entry_id integer;
begin
  if current_setting('lakeloop.adopting', true) = 'on' then
    return;
  end if;
  for root in
    select distinct a.root from pg_event_trigger_ddl_commands() c join lakeloop.adopted a on a.root = c.objid or a.root = pg_partition_root(c.objid)
    where c.classid = 'pg_class'::regclass
  loop${first}
    if pg_has_role('lakeloop_owner', 'usage') then
      perform lakeloop.adopt(root);
    else
      entry_id := lakeloop.renew(root);
      perform set_config('lakeloop.adopting', 'on', true);
      perform audit.attach(part.relid, entry_id) from pg_partition_tree(root) part where part.relid <> root;
      perform set_config('lakeloop.adopting', '', true);
    end if;
  end loop;
end
$$`;
