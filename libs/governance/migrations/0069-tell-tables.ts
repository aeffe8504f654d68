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

/** As in 0004-adopt.ts, with something more done for each adopted table. */
const onDdl = (more: string): string => `
create or replace function lakeloop.on_ddl() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  root regclass;
begin
  if current_setting('lakeloop.adopting', true) = 'on' then
    return;
  end if;
  for root in
    select distinct a.root from pg_event_trigger_ddl_commands() c join lakeloop.adopted a on a.root = c.objid or a.root = pg_partition_root(c.objid)
    where c.classid = 'pg_class'::regclass
  loop
    ${more}
    perform lakeloop.adopt(root);
  end loop;
end
$$`;
