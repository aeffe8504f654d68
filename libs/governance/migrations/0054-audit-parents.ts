import type { MigrationInterface, QueryRunner } from 'typeorm';
import { changeView, entryView } from './0035-batched-views.ts';
import { asOwner } from './as-owner.ts';

/**
 * The log as it is read: `audit.logged` shows all of it, `audit.batched` its batches, in however many tables they lie (0068-audit-segments.ts). Recorders go on writing into `audit.log` and
 * `audit.batch`. Rejected: a parent by the name of `audit.log`, which would leave the readers as they are and have each adopted table's recorders written anew.
 */
export class AuditParents1764000000054 implements MigrationInterface {
  readonly name = 'AuditParents1764000000054';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [PARENTS, BATCHES_OF, entryView('audit.logged'), changeView('audit.logged')]);
  }

  /** What comes after it can't go back either. */
  down(): Promise<void> {
    return Promise.reject(new Error('the audit cannot go back to one table'));
  }
}

/** Batches are still shown by `audit.log` too, until its segments are cut off: what reads it by its old name finds them. */
const PARENTS = `
create table audit.logged (like audit.log including defaults);
create table audit.batched () inherits (audit.logged);
alter table audit.log inherit audit.logged;
alter table audit.batch inherit audit.batched`;

/**
 * As in 0035, but for all batches. Hashes lie beside their row, where the planner does not see them: reading all of them through looks cheap to it, and takes 10 ms for
 * 1,000 batches. Readers ask for it in a sub-select, so that it is asked once for all segments.
 */
const BATCHES_OF = `
create or replace function audit.batches_of(hashes integer[]) returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
  select coalesce(array_agg(b.id), '{}') from audit.batched b where b.key_hashes && hashes
$$`;
