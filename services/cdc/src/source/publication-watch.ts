import type pg from 'pg';
import { CONTROL } from '#contracts/topics/control-record';
import { Failure } from '#libs/failure/failure';
import { formatLsn, type Lsn } from '#libs/pgoutput/lsn';
import { findPublication, publicationMembers } from '#libs/postgres/replication/publication';
import { walEnd } from '#libs/postgres/replication/slot';
import type { CaptureOptions } from '../capture-options.ts';
import { gapRecord } from '../checkpoint/gap-record.ts';
import { PublicationMembers, type TableGap } from './publication-members.ts';
import type { TakenSlot } from './take-slot.ts';

/**
 * Sees that the publication stays what it was: one that was dropped stops capture, and a table that was out of it for a while is told as a gap, and its rows
 * are read again where snapshots are taken. Also what happened while nobody streamed.
 */
export class PublicationWatch {
  readonly #options: CaptureOptions;
  readonly #taken: TakenSlot;
  readonly #members: PublicationMembers;

  private constructor(options: CaptureOptions, taken: TakenSlot, members: PublicationMembers) {
    this.#options = options;
    this.#taken = taken;
    this.#members = members;
  }

  static async open(options: CaptureOptions, taken: TakenSlot): Promise<PublicationWatch> {
    return new PublicationWatch(options, taken, PublicationMembers.parse(await taken.control.read(CONTROL.members), taken.publicationOid));
  }

  /** `position`: everything before is published. `readAgain` asks for a snapshot. Throws `position-lost` when the publication is another one. */
  async check(position: Lsn, readAgain: (table: TableGap) => Promise<unknown>): Promise<void> {
    const { pool, config, patterns } = this.#options;
    const publication = await findPublication(pool, config.CDC_PUBLICATION);
    if (publication?.oid !== this.#taken.publicationOid)
      throw new Failure('position-lost', `publication ${config.CDC_PUBLICATION} was dropped: what is committed until it is there again is not published`);
    const tables = await publicationMembers(pool, config.CDC_PUBLICATION);
    const { gaps, changed } = this.#members.update(tables, await existing(pool, this.#members.format().tables), position);
    const concerned = gaps.filter((table) => patterns.matches(table));
    for (const gap of concerned) await this.#tell(gap);
    if (config.CDC_SNAPSHOT === 'initial') for (const gap of concerned) await readAgain(gap);
    if (changed) await this.#taken.producer.append([this.#taken.control.record(CONTROL.members, this.#members.format())]);
  }

  async #tell({ schema, name, from }: TableGap): Promise<void> {
    const { config, runtime, pool } = this.#options;
    const { producer, identity } = this.#taken;
    const table = `${schema}.${name}`;
    const to = await walEnd(pool);
    const detail = `${table} was out of the publication from ${formatLsn(from)} on, at the latest until ${formatLsn(to)}`;
    runtime.logger.error({ slot: config.CDC_SLOT, table, gap: 'table-unpublished' }, `${detail}: events are missing`);
    await producer.append([gapRecord(config, identity, { reason: 'table-unpublished', detail, from, to, tables: [table] }, runtime.clock.now())]);
  }
}

/** Of the tables that were noted, those that still exist. */
async function existing(pool: pg.Pool, tables: readonly (readonly [string, ...unknown[]])[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ oid: string }>('select oid::text from pg_class where oid = any($1::oid[])', [tables.map(([oid]) => oid)]);
  return new Set(rows.map(({ oid }) => oid));
}
