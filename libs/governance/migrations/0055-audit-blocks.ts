import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Where in the log each table's entries are, noted behind the writers' backs (docs/adr/0055-audit-blocks.md): what reads a table's entries looks into its blocks and
 * at the log's end, and passes over the rest. An index would cost every write; this costs none.
 */
export class AuditBlocks1764000000055 implements MigrationInterface {
  readonly name = 'AuditBlocks1764000000055';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [TABLE_BLOCK, NOTE_BLOCKS, changesSince(''), GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.note_blocks; drop table audit.table_block, audit.blocks_end');
  }
}

/**
 * One row for each table in each block: its first and its last row of the log there, how many there are, and their times. A block is some 4,096 rows of the log, a
 * batch counting for 64. Blocks follow each other without a gap up to \`blocks_end\`; behind that, nothing is noted yet.
 */
const TABLE_BLOCK = `
create table audit.table_block (
  adopted_id integer not null,
  first_id bigint not null,
  last_id bigint not null,
  rows integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (adopted_id, first_id)
);
create table audit.blocks_end (last_id bigint not null);
insert into audit.blocks_end values (0)`;

/**
 * Notes the blocks that are full, at most sixteen at a time, or what there is where it is an hour old; returns how many. Only as far as the newest checkpoint sees every
 * entry: nothing can appear in a block that is noted. Where there is nothing to note, nothing is written.
 */
const NOTE_BLOCKS = `
create function lakeloop.note_blocks() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  start bigint := (select e.last_id from audit.blocks_end e);
  began bigint := start;
  seen bigint := (select c.floor from audit.checkpoint c order by c.id desc limit 1);
  ending bigint;
  is_full boolean;
  is_old boolean;
  noted integer := 0;
begin
  while noted < 16 loop
    select max(w.id) filter (where w.weight <= 4096), count(*) = 4096 or coalesce(max(w.weight) >= 4096, false), coalesce(min(w.at) < clock_timestamp() - interval '1 hour', true) into ending, is_full, is_old
    from (
      select r.id, r.at, sum(case when r.batched then 64 else 1 end) over (order by r.id) as weight
      from (select l.id, l.at, l.key_hashes is not null as batched from audit.logged l where l.id > began and l.id <= seen order by l.id limit 4096) r) w;
    exit when not is_full and not is_old;
    if not is_full then
      ending := seen;
    end if;
    exit when ending is null or ending <= began;
    insert into audit.table_block
    select v.adopted_id, min(l.id), max(l.id), count(*), min(l.at), max(l.at)
    from audit.logged l join audit.schema_version v on v.id = l.schema_version where l.id > began and l.id <= ending group by v.adopted_id;
    began := ending;
    noted := noted + 1;
  end loop;
  if noted > 0 then
    update audit.blocks_end e set last_id = began where e.last_id = start;
    if not found then
      raise serialization_failure using message = 'another process notes blocks';
    end if;
  end if;
  return noted;
end
$$;
revoke all on function lakeloop.note_blocks from public`;

/** As in 0035, but for the blocks that it passes over. \`offset 0\`: the bounds are looked up, one block after the other. `check`: PL/pgSQL. */
export const changesSince = (check: string): string => `
create or replace function lakeloop.changes_since(adopted integer, checkpoint bigint, attnums smallint[], names name[], pass bytea)
returns table (id bigint, before text[], after text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not lakeloop.is_service_session() or not exists (select from audit.as_of_secret s
     where pass = sha256(s.secret || convert_to(concat_ws(':', adopted, checkpoint, current_setting('role')), 'UTF8'))) then
    raise insufficient_privilege using message = 'the past is read through the write service';
  end if;${check}
  return query
  with version as materialized (
    select v.id, audit.alignment(v, changes_since.attnums, changes_since.names) as places from audit.schema_version v where v.adopted_id = changes_since.adopted),
  since as materialized (select c.floor, c.snapshot from audit.checkpoint c where c.id = changes_since.checkpoint),
  part as materialized (
    select greatest(b.first_id, s.floor + 1) as first_id, b.last_id from since s join audit.table_block b on b.adopted_id = changes_since.adopted and b.last_id > s.floor
    union all
    select greatest(e.last_id, s.floor) + 1, 9223372036854775807 from since s cross join audit.blocks_end e),
  log as (
    select l.* from since s cross join part p cross join lateral (select r.* from audit.logged r where r.id between p.first_id and p.last_id offset 0) l
    where (l.key is not null or l.key_hashes is not null) and not pg_visible_in_snapshot(l.xid, s.snapshot))
  select l.id, audit.aligned(l.before, v.places), audit.aligned(l.after, v.places) from log l join version v on v.id = l.schema_version where l.key_hashes is null
  union all
  select l.id + t.place, null, audit.aligned(t.image, v.places)
  from log l join version v on v.id = l.schema_version cross join lateral audit.row_texts(l.after, l.key_hashes) t where l.key_hashes is not null;
end
$$`;

const GRANTS = `
grant execute on function lakeloop.note_blocks to lakeloop_write;
grant select on audit.table_block, audit.blocks_end to lakeloop_write`;
