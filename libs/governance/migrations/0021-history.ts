import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `audit.change`: the audit as history and undo read it, by table rather than by name, so that it follows a rename; without the leaf, and with images as objects
 * of texts. Row-level security does not reach images: the write service alone may read them here, and shows what the caller's role may see of the table
 * (services/write/src/history).
 */
export class History1764000000021 implements MigrationInterface {
  readonly name = 'History1764000000021';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [IMAGE, CHANGE, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view audit.change; drop function audit.image');
  }
}

const IMAGE = `
create function audit.image(columns name[], texts text[]) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when texts is not null then (select jsonb_object_agg(c.name, c.value) from unnest(columns, texts) c(name, value)) end
$$`;

const CHANGE = `
create view audit.change as
select l.id, l.xid, l.at, v.adopted_id, l.operation, l.key, audit.image(v.columns, l.before) as before, audit.image(v.columns, l.after) as after,
       audit.image(v.columns, v.types) as types, r.id as request, r.trace_id, l.login,
       coalesce(c.context ->> 'actor', l.login) as actor, coalesce(nullif(l.role, 'none'), l.login) as role,
       r.id is not null and r.context is distinct from 'false' as verified, c.context
from audit.log l
join audit.schema_version v on v.id = l.schema_version
left join audit.request r on r.id = l.request_id and r.xid = l.xid and r.role = l.role
cross join lateral (select case when r.context <> 'false' then r.context::jsonb end as context) c`;

const GRANTS = `
grant execute on function audit.image to lakeloop_write;
grant select on audit.change to lakeloop_write`;
