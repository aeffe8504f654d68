/**
 * Of requests of which entries were deleted: those that no entry is left of, nor of their trace, go too, with their context, and with the key of a repeat, which counts for a day and nothing is kept for
 * less; of the others it is noted that they are not whole. Returns the newest that is gone.
 */
const FORGET_REQUESTS = `
create function audit.forget_requests(requests bigint[]) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  ended text[];
  gone bigint[];
begin
  insert into audit.forgotten_request select r.id, r.trace_id from audit.request r where r.id = any (requests) on conflict do nothing;
  ended := array(
    select t.trace_id from (select distinct r.trace_id from audit.request r where r.id = any (requests) and r.trace_id is not null) t
    where not exists (select from audit.request o join audit.logged l on l.request_id = o.id where o.trace_id = t.trace_id));
  gone := array(
    select r.id from unnest(ended) e(trace_id) join audit.request r on r.trace_id = e.trace_id
    union all
    select r.id from audit.request r where r.id = any (requests) and r.trace_id is null and not exists (select from audit.logged l where l.request_id = r.id));
  delete from audit.request r where r.id = any (gone) and r.created_at < clock_timestamp() - interval '1 day';
  delete from audit.forgotten_request f where f.id = any (gone) and not exists (select from audit.request r where r.id = f.id);
  return (select max(g) from unnest(gone) g);
end
$$;
revoke all on function audit.forget_requests from public`;

/**
 * One step of deleting what is past its time: a page of up to 5,000 entries of one table, oldest first, or the end of a block; then the checkpoints that nobody can read at any more. Returns how
 * many entries that was, 1 for what has none, 0 where nothing is left. Rows of the log are of one transaction and time, so a batch goes as a whole.
 */
const DELETE_PAGE = `
create function lakeloop.delete_history() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  due audit.retention;
  block audit.table_block;
  versions integer[];
  page bigint[];
  newest bigint;
  entries bigint;
  requests bigint[];
  forgotten bigint;
  done integer;
begin
  select r.* into due from audit.retention r where not r.done order by r.adopted_id limit 1;
  if not found then
    delete from audit.checkpoint c using (select p.id from audit.checkpoint p where p.id < (
        select min(coalesce(r.checkpoint, 0)) from lakeloop.adopted a left join audit.retention r on r.adopted_id = a.id and r.keep is not null) order by p.id limit 10000) o
    where c.id = o.id;
    get diagnostics done = row_count;
    return done;
  end if;
  select b.* into block from audit.table_block b
  where b.adopted_id = due.adopted_id and b.cleared < due.checkpoint and b.first_at < due.gone_before order by b.first_id limit 1;
  if not found then
    update audit.retention r set done = true where r.adopted_id = due.adopted_id and r.checkpoint = due.checkpoint;
    return 1;
  end if;
  versions := array(select v.id from audit.schema_version v where v.adopted_id = due.adopted_id);
  page := array(
    select p.id from (
      select l.id, sum(coalesce(cardinality(l.key_hashes), 1)) over (order by l.id) as so_far
      from audit.logged l where l.id between block.first_id and block.last_id and l.schema_version = any (versions) and pg_visible_in_snapshot(l.xid, due.snapshot)) p
    where p.so_far <= 5000);
  if cardinality(page) = 0 then
    update audit.table_block b set first_id = n.first_id, rows = n.rows, first_at = n.first_at, cleared = due.checkpoint
    from (select min(l.id) as first_id, count(*) as rows, min(l.at) as first_at
      from audit.logged l where l.id between block.first_id and block.last_id and l.schema_version = any (versions)) n
    where b.adopted_id = due.adopted_id and b.first_id = block.first_id and n.first_id is not null;
    if not found then
      delete from audit.table_block b where b.adopted_id = due.adopted_id and b.first_id = block.first_id;
    end if;
    return 1;
  end if;
  insert into audit.deleted (adopted_id, keep, checkpoint, first_id, last_id, entries, digest)
  select due.adopted_id, coalesce(due.keep, ''), due.checkpoint, min(e.id), max(e.id), count(*), sha256(string_agg(e.leaf, '' order by e.id))
  from audit.entry e where e.log_id = any (page) returning deleted.last_id, deleted.entries into newest, entries;
  with gone as (delete from audit.logged l where l.id = any (page) returning l.request_id)
  select array_agg(distinct g.request_id) into requests from gone g;
  forgotten := audit.forget_requests(requests);
  update audit.retention r set gone_to = greatest(r.gone_to, newest), gone_request = greatest(r.gone_request, forgotten) where r.adopted_id = due.adopted_id;
  return entries;
end
$$;
revoke all on function lakeloop.delete_history from public`;

export const DELETE_HISTORY: readonly string[] = [FORGET_REQUESTS, DELETE_PAGE];
