import type pg from 'pg';
import type { Column, Representation } from './relation.ts';
import type { MediaHandler } from './media-handlers.ts';

const REPRESENTATIONS = `
  select case when s.typtype = 'd' then pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(s.typname)
      else pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname) end as domain,
    case when s.typtype = 'd' then 'toJson' when s.typname = 'json' then 'fromJson' else 'fromText' end as way,
    pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.proname) as sql
  from pg_catalog.pg_cast c
  join pg_catalog.pg_type s on s.oid = c.castsource join pg_catalog.pg_namespace sn on sn.oid = s.typnamespace
  join pg_catalog.pg_type t on t.oid = c.casttarget join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  join pg_catalog.pg_proc f on f.oid = c.castfunc join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
  where c.castcontext = 'i' and c.castmethod = 'f'
    and (s.typtype = 'd' and t.typname = 'json' or t.typtype = 'd' and s.typname in ('json', 'text'))`;

const HANDLERS = `
  with media as (
    select t.oid, pg_catalog.lower(t.typname) as accepts, case t.typname when '*/*' then 'application/octet-stream' else pg_catalog.lower(t.typname) end as media_type,
      t.typbasetype = 'pg_catalog.bytea'::pg_catalog.regtype as bytes from pg_catalog.pg_type t where t.typtype = 'd' and (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or t.typname = '*/*'))
  select m.accepts, m.media_type, case when p.prokind = 'a' then an.nspname else pn.nspname end as schema, case when p.prokind = 'a' then a.typname else p.proname end as name,
    case when p.prokind = 'a' then pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname) end as aggregate, m.bytes
  from pg_catalog.pg_proc p join media m on m.oid = p.prorettype
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
  left join pg_catalog.pg_type a on a.oid = p.proargtypes[0] left join pg_catalog.pg_namespace an on an.oid = a.typnamespace
  where pn.nspname = any($1) and (p.prokind = 'f' and not p.proretset or p.prokind = 'a' and p.pronargs = 1 and (a.typrelid <> 0 or a.typname = 'anyelement'))
  order by m.accepts, p.proname`;

/** Gives columns whose domain has casts of its own their representation. */
export async function attachRepresentations(client: pg.PoolClient, columns: Iterable<Column>): Promise<void> {
  const { rows } = await client.query<{ domain: string; way: keyof Representation; sql: string }>(REPRESENTATIONS);
  if (rows.length === 0) return;
  const byDomain = new Map<string, Representation>();
  for (const { domain, way, sql } of rows) byDomain.set(domain, { ...byDomain.get(domain), [way]: sql });
  for (const column of columns) {
    const representation = byDomain.get(column.type);
    if (representation) column.representation = representation;
  }
}

export async function loadMediaHandlers(client: pg.PoolClient, schemas: readonly string[]): Promise<MediaHandler[]> {
  const { rows } = await client.query<{ accepts: string; media_type: string; schema: string; name: string; aggregate: string | null; bytes: boolean }>(
    HANDLERS,
    [schemas],
  );
  return rows.map(({ accepts, media_type: mediaType, schema, name, aggregate, bytes }) => {
    const anything = schema === 'pg_catalog' && name === 'anyelement';
    return { accepts, mediaType, bytes, ...(anything ? {} : { target: { schema, name } }), ...(aggregate === null ? {} : { aggregate }) };
  });
}
