import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';
import { BATCHED_RECORDER } from './0035-batched-recorder.ts';
import { BATCHED_VIEWS } from './0035-batched-views.ts';

/**
 * Bulk inserts are recorded in batches (docs/adr/0037-audit-batches.md). A row of `audit.batch`, which `audit.log` shows among its own, holds up to 1,000 entries:
 * `after` is a list of their images, in their order; entry k has the id `id + k`, which the sequence leaves free for it, its key in its image, and a salt derived from the row's.
 */
export class AuditBatches1764000000035 implements MigrationInterface {
  readonly name = 'AuditBatches1764000000035';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [BATCHES, BATCHES_OF, KEY_HASH, ROW_TEXTS, IMAGE_KEY, ...BATCHED_VIEWS, ...BATCHED_RECORDER]);
    await runner.query(RECORDERS);
  }

  /** Entries that lie in batches could not be told by what was there before. */
  down(): Promise<void> {
    return Promise.reject(new Error('the audit cannot go back to one row an entry'));
  }
}

const BATCHES = `
alter table audit.log add column key_hashes integer[];
create table audit.batch (primary key (id)) inherits (audit.log);
do $$ begin
  execute format('alter sequence %s increment by 1000', pg_get_serial_sequence('audit.log', 'id'));
  execute format('alter table audit.batch alter id set default nextval(%L)', pg_get_serial_sequence('audit.log', 'id'));
end $$;
create index batch_request_id on audit.batch (request_id);
create index batch_key on audit.batch using hash (key);
create index batch_key_hashes on audit.batch using gin (key_hashes) with (gin_pending_list_limit = 65536)`;

/** Where a key may be, by its hash. The ids, since rows of both tables have an index on those: none on hashes burdens an entry that is no batch. */
const BATCHES_OF = `
create function audit.batches_of(hashes integer[]) returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(array_agg(b.id), '{}') from audit.batch b where b.key_hashes && hashes
$$;
revoke all on function audit.batches_of from public;
grant execute on function audit.batches_of to lakeloop_write, auditor, administrator`;

/** Of the key's texts by name, as a recorder has it. */
const KEY_HASH = `
create function audit.key_hash(key jsonb) returns integer
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select hashtext(string_agg(k.value, ',' order by k.key collate "C") collate "C") from jsonb_each_text(key) k
$$`;

/** The images of a batch and the hashes of their keys, from 0. The width is asked for once: each look at the list as a whole decompresses it. */
const ROW_TEXTS = `
create function audit.row_texts(texts text[], hashes integer[]) returns table (place bigint, image text[], key_hash integer)
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select i.place, i.image, h.hash
  from (select (u.place - 1) / w.width as place, array_agg(u.value order by u.place) as image
    from (select array_length(texts, 2) as width offset 0) w cross join unnest(texts) with ordinality u(value, place) group by 1) i
  join unnest(hashes) with ordinality h(hash, number) on h.number = i.place + 1 order by 1
$$`;

/** Only tables whose keys have the types below are recorded in batches (audit.key_hash_sql). */
const IMAGE_KEY = `
create function audit.image_key(version audit.schema_version, image text[]) returns jsonb
language sql stable cost 1000 set search_path = pg_catalog, pg_temp as $$
  select jsonb_object_agg(k.name, case when version.types[p.place] in ('smallint', 'integer', 'bigint') then to_jsonb(image[p.place]::numeric) else to_jsonb(image[p.place]) end)
  from unnest(version.key_columns) k(name) cross join lateral array_position(version.columns, k.name) p(place)
$$`;

/** Of tables that were adopted before; one that is gone, or has lost its key, is left as it is. */
const RECORDERS = `
do $$ begin
  perform lakeloop.adopt(a.root) from lakeloop.adopted a where exists (select from pg_index i where i.indrelid = a.root and i.indisprimary);
end $$`;
