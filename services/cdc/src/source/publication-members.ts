import { type MembersRecord, membersRecord } from '#contracts/topics/control-record';
import { formatLsn, type Lsn, parseLsn } from '#libs/pgoutput/lsn';
import type { PublishedTable } from '#libs/postgres/replication/publication';
import type { TableId } from './table-patterns.ts';

interface Member extends TableId {
  membership: string;
  outSince: Lsn | null;
}

/** A table that was out of the publication for a while: what was committed meanwhile is not in the stream. */
export interface TableGap extends TableId {
  /** It was in up to here, at least. */
  from: Lsn;
}

/**
 * Which tables the publication had, to tell one that was taken out and put back: a membership has an oid of its own. Tables that are new, dropped, or still
 * out are no gap. Pure bookkeeping; kept over restarts as `format` and `parse` have it.
 */
export class PublicationMembers {
  readonly #publicationOid: string;
  readonly #members = new Map<string, Member>();

  constructor(publicationOid: string) {
    this.#publicationOid = publicationOid;
  }

  /** Takes note of the publication as it is. `position`: everything before is published. */
  update(tables: readonly PublishedTable[], existing: ReadonlySet<string>, position: Lsn): { gaps: TableGap[]; changed: boolean } {
    const before = this.format();
    const present = new Set(tables.map(({ oid }) => oid));
    for (const [oid, member] of this.#members) {
      if (!existing.has(oid)) this.#members.delete(oid);
      else if (!present.has(oid)) member.outSince ??= position;
    }
    const gaps: TableGap[] = [];
    for (const { oid, schema, name, membership } of tables) {
      const known = this.#members.get(oid);
      if (known && (known.membership !== membership || known.outSince !== null)) gaps.push({ schema, name, from: known.outSince ?? position });
      this.#members.set(oid, { schema, name, membership, outSince: null });
    }
    return { gaps, changed: JSON.stringify(this.format()) !== JSON.stringify(before) };
  }

  format(): MembersRecord {
    const tables = [...this.#members].map(([oid, { membership, schema, name, outSince }]): [string, string, string, string, string | null] => [
      oid,
      membership,
      schema,
      name,
      outSince && formatLsn(outSince),
    ]);
    return { version: 1, publicationOid: this.#publicationOid, tables: tables.toSorted((left, right) => Number(left[0]) - Number(right[0])) };
  }

  /** Of what was noted last; empty when nothing was, or of another publication. */
  static parse(value: unknown, publicationOid: string): PublicationMembers {
    const members = new PublicationMembers(publicationOid);
    const result = membersRecord.safeParse(value);
    if (result.data?.publicationOid !== publicationOid) return members;
    for (const [oid, membership, schema, name, outSince] of result.data.tables)
      members.#members.set(oid, { membership, schema, name, outSince: outSince === null ? null : parseLsn(outSince) });
    return members;
  }
}
