/**
 * The entries of a row of `audit.log`, one or many. In SQL, where the row is `l` and its schema version `v`: `e` is the entry.
 * Readers that look for an id or a key say so of the row too, since only that has an index: `log_key`, and `log_id`, which `audit.batches_of` tells.
 */
export const ENTRIES = `cross join lateral (
  select l.id, l.key, l.before, l.after, uuid_send(l.salt) as salt, null::integer as key_hash where l.key_hashes is null
  union all
  select l.id + t.place, audit.image_key(v, t.image), null::text[], t.image, substring(sha256(uuid_send(l.salt) || int8send(l.id + t.place)) for 16), t.key_hash
  from audit.row_texts(l.after, l.key_hashes) t where l.key_hashes is not null) e`;

/** `log`: the table that shows all of it. */
export const entryView = (log: string): string => String.raw`
create or replace view audit.entry as
select e.id, l.xid, l.at, coalesce(x.context ->> 'actor', l.login) as actor, x.context ->> 'agent' as agent, x.context ->> 'onBehalfOf' as on_behalf_of,
       coalesce(g.given, '') <> 'false' as verified, l.login::name as login, coalesce(nullif(l.role, 'none'), l.login)::name as role,
       v.table_schema, v.table_name, l.operation, e.key, e.before, e.after, v.columns, l.schema_version, r.policy_version, r.epoch,
       x.context ->> 'requestId' as request_id, r.trace_id, x.context ->> 'traceparent' as traceparent,
       x.context ->> 'flow' as flow, (x.context ->> 'hop')::integer as hop, x.context ->> 'reason' as reason, x.context::text as context, o.origin, e.salt,
       sha256('\x0001'::bytea || sha256(convert_to(concat('[', e.id, ', "', l.operation, '", ', to_json(v.table_schema::text), ', ', to_json(v.table_name::text), ', ', v.id, ', ',
           coalesce(e.key::text, 'null'), ', ', o.origin, ']'), 'UTF8'))
         || coalesce((select string_agg(sha256(sha256(e.salt || int4send(i.i::integer))
             || coalesce('\x01'::bytea || int4send(octet_length(convert_to(i.old, 'UTF8'))) || convert_to(i.old, 'UTF8'), '\x00'::bytea)
             || coalesce('\x01'::bytea || convert_to(i.new, 'UTF8'), '\x00'::bytea)), '' order by i.i)
           from unnest(e.before, e.after) with ordinality i(old, new, i)), '')) as leaf,
       l.id as log_id, l.key as log_key, l.key_hashes, e.key_hash
from ${log} l
join audit.schema_version v on v.id = l.schema_version
left join audit.request r on r.id = l.request_id and r.xid = l.xid and r.role = l.role
cross join lateral (select case when r.id is null then 'false' else r.context end as given) g
cross join lateral (select case json_typeof(g.given::json) when 'object' then g.given::json end as context) x
cross join lateral (select json_build_array(l.xid, extract(epoch from l.at), l.login, l.role, r.policy_version, r.epoch, g.given::json) as origin) o
${ENTRIES}`;

export const changeView = (log: string): string => `
create or replace view audit.change as
select e.id, l.xid, l.at, v.adopted_id, l.operation, e.key, audit.image(v.columns, e.before) as before, audit.image(v.columns, e.after) as after,
       audit.image(v.columns, v.types) as types, r.id as request, r.trace_id, l.login,
       coalesce(c.context ->> 'actor', l.login) as actor, coalesce(nullif(l.role, 'none'), l.login) as role,
       r.id is not null and r.context is distinct from 'false' as verified, c.context, l.id as log_id, l.key as log_key, l.key_hashes, e.key_hash
from ${log} l
join audit.schema_version v on v.id = l.schema_version
left join audit.request r on r.id = l.request_id and r.xid = l.xid and r.role = l.role
cross join lateral (select case when r.context <> 'false' then r.context::jsonb end as context) c
${ENTRIES}`;

/** A batch is of one transaction, so what a checkpoint says of its first id holds for all of it. */
const CHANGES_SINCE = `
create or replace function lakeloop.changes_since(adopted integer, checkpoint bigint, attnums smallint[], names name[], pass bytea)
returns table (id bigint, before text[], after text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not lakeloop.is_service_session() or not exists (select from audit.as_of_secret s
     where pass = sha256(s.secret || convert_to(concat_ws(':', adopted, checkpoint, current_setting('role')), 'UTF8'))) then
    raise insufficient_privilege using message = 'the past is read through the write service';
  end if;
  return query
  with version as materialized (
    select v.id, audit.alignment(v, changes_since.attnums, changes_since.names) as places from audit.schema_version v where v.adopted_id = changes_since.adopted),
  log as (
    select l.* from audit.checkpoint c join audit.log l on l.id > c.floor
    where c.id = changes_since.checkpoint and (l.key is not null or l.key_hashes is not null) and not pg_visible_in_snapshot(l.xid, c.snapshot))
  select l.id, audit.aligned(l.before, v.places), audit.aligned(l.after, v.places) from log l join version v on v.id = l.schema_version where l.key_hashes is null
  union all
  select l.id + t.place, null, audit.aligned(t.image, v.places)
  from log l join version v on v.id = l.schema_version cross join lateral audit.row_texts(l.after, l.key_hashes) t where l.key_hashes is not null;
end
$$`;

export const BATCHED_VIEWS: readonly string[] = [entryView('audit.log'), changeView('audit.log'), CHANGES_SINCE];
