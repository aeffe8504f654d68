import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/** Whoever follows an adopted table hears at once of DDL on it, by whatever tool (`TABLE_CHANNEL`): an open page shows the new column, a stream begins anew. */
export class TellTables1764000000069 implements MigrationInterface {
  readonly name = 'TellTables1764000000069';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [onDdl("perform pg_notify('lakeloop_table', root::oid::text);")]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [onDdl('')]);
  }
}

/** As in 0004-adopt.ts, with something more done for each adopted table. An owner who may not adopt it has it renewed (0047), and attaches what is new. */
const onDdl = (more: string): string => `
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
  loop
    ${more}
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
