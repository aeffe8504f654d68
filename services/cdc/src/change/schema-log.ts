import type { SchemaDifference, TableChange } from '#contracts/topics/schema-change';
import type { Relation } from './relation.ts';
import { differences, type TableSchema } from './table-schema.ts';

/** Where in the stream a table is described: before the event of this ordinal. */
export interface Place {
  systemId: string;
  commitLsn: bigint;
  ordinal: number;
}

/** What was told last of a table. */
export interface ToldSchema {
  table: TableSchema;
  place: Place;
  dropped: boolean;
}

export interface SchemaChange {
  type: TableChange['type'];
  /** As it is now; of DROP, as it was. */
  table: TableSchema;
  differences: SchemaDifference[];
}

/** Prefix of the transactional messages that mark where a table was looked up in the catalogue. */
export const SCHEMA_PREFIX = 'lakeloop.schema';

/** Header that says of which slot a record is. */
export const SCHEMA_SLOT = 'slot';
/** Header `id` of its records: the event id of what comes next, and the table's oid. */
export const SCHEMA_ID = /^schema:(.+):\d+$/;

/** What a mark stands for. */
export type Announcement = { kind: 'described'; relation: Relation } | { kind: 'gone'; oid: number };

/**
 * What was told of each table so far, and so what is new. Tells nothing twice: a description at a place that was passed before is of a replay, and older than
 * what is known.
 */
export class SchemaLog {
  readonly #told: Map<number, ToldSchema>;
  readonly #announced = new Map<string, Announcement>();

  constructor(told: Iterable<ToldSchema> = []) {
    this.#told = new Map([...told].map((entry) => [entry.table.oid, entry]));
  }

  /** Tables that events may still come of. */
  live(): TableSchema[] {
    return [...this.#told.values()].filter(({ dropped }) => !dropped).map(({ table }) => table);
  }

  /** The table as it was told last; undefined when it never was. */
  last(oid: number): TableSchema | undefined {
    return this.#told.get(oid)?.table;
  }

  /** A message with this content is about to be written. Any role may write one: content that nobody announced means nothing. */
  announce(content: string, announcement: Announcement): void {
    this.#announced.set(content, announcement);
  }

  /** What the message of this content stands for, once. */
  take(content: string): Announcement | undefined {
    const announcement = this.#announced.get(content);
    this.#announced.delete(content);
    return announcement;
  }

  /** The stream describes the table at a place: what is to be told before what follows. */
  describe(table: TableSchema, place: Place): SchemaChange[] {
    const told = this.#told.get(table.oid);
    if (told && !isAfter(place, told.place)) return [];
    const renewed = told === undefined || told.dropped;
    const found = renewed ? [] : differences(told.table, table);
    if (!renewed && found.length === 0) return [];
    // A name means one table: the one that had it is dropped, or was renamed without an event since.
    const replaced = this.live().filter((other) => other.oid !== table.oid && other.schema === table.schema && other.table === table.table);
    const dropped = replaced.flatMap(({ oid }) => this.drop(oid, place));
    this.#told.set(table.oid, { table, place, dropped: false });
    return [...dropped, { type: renewed ? 'CREATE' : 'ALTER', table, differences: found }];
  }

  /** No event of the table comes behind this place. */
  drop(oid: number, place: Place): SchemaChange[] {
    const told = this.#told.get(oid);
    if (!told || told.dropped || !isAfter(place, told.place)) return [];
    this.#told.set(oid, { table: told.table, place, dropped: true });
    return [{ type: 'DROP', table: told.table, differences: [] }];
  }
}

/** Positions of two clusters have no order: what another one told is older. */
function isAfter(place: Place, other: Place): boolean {
  if (place.systemId !== other.systemId) return true;
  return place.commitLsn === other.commitLsn ? place.ordinal > other.ordinal : place.commitLsn > other.commitLsn;
}

export function tableChange(database: string, { type, table, differences: found }: SchemaChange): TableChange {
  const { schema, table: name, oid, columns, key } = table;
  const id = [database, schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
  return { type, id, oid, table: type === 'DROP' ? null : { primaryKeyColumnNames: [...key], columns: [...columns] }, differences: found };
}
