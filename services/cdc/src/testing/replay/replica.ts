import { compareEventIds, parseEventId } from '#contracts/topics/event-id';
import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import type { TableChange } from '#contracts/topics/schema-change';
import type { CdcHarness, Event } from '../cdc-harness.ts';

type Row = Record<string, unknown>;
interface Replica {
  name: string;
  rows: Map<string, Row>;
}

/** Copies of the tables of one schema, made of nothing but the topics: what a careful consumer has. */
export class Replicas {
  readonly #byOid = new Map<number, Replica>();
  readonly #byName = new Map<string, Replica>();
  /** Rows on their way from one key to another, by the event's new key. */
  readonly #moving = new Map<string, Row>();

  /** Everything that the topics have of the schema, in the order of the commits. */
  static async read(cdc: CdcHarness, schema: string): Promise<Replicas> {
    const found: { id: ReturnType<typeof parseEventId>; apply: () => void }[] = [];
    const replicas = new Replicas();
    for (const { id, source, tableChanges } of await cdc.schemaChanges()) {
      const place = parseEventId(/^schema:(.+):\d+$/.exec(id)?.[1] ?? '');
      if (source.schema === schema) for (const change of tableChanges) found.push({ id: place, apply: () => replicas.#alter(change, source.table) });
    }
    for (const topic of await cdc.log.topics(`${cdc.prefix}.${schema}.`)) {
      for (const event of await cdc.events(topic)) if (event.op !== null) found.push({ id: parseEventId(event.id), apply: () => replicas.#apply(event) });
    }
    // Schema changes come before the event of the same place, and sorting is stable.
    for (const { apply } of found.toSorted((left, right) => compareEventIds(left.id, right.id))) apply();
    return replicas;
  }

  tables(): Record<string, Record<string, unknown>> {
    return Object.fromEntries([...this.#byOid.values()].map(({ name, rows }) => [name, Object.fromEntries(rows)]));
  }

  #alter({ type, oid, differences }: TableChange, name: string): void {
    const before = this.#byOid.get(oid);
    if (before) this.#byName.delete(before.name);
    if (type === 'DROP') return void this.#byOid.delete(oid);
    const replica = before ?? { name, rows: new Map<string, Row>() };
    replica.name = name;
    this.#byOid.set(oid, replica);
    this.#byName.set(name, replica);
    for (const difference of differences) {
      for (const row of replica.rows.values()) {
        if (difference.kind === 'column-added') row[difference.column] = null;
        else if (difference.kind === 'column-dropped') Reflect.deleteProperty(row, difference.column);
        else if (difference.kind === 'column-renamed') {
          row[difference.column] = row[difference.from];
          Reflect.deleteProperty(row, difference.from);
        }
      }
    }
  }

  #apply({ op, key, after, headers, source }: Event): void {
    const replica = this.#byName.get(source?.table ?? '');
    if (!replica) throw new Error(`an event of ${source?.table}, which no schema change told`);
    if (op === 't') return replica.rows.clear();
    // Of a table that was gone when its rows were read, nobody can tell the key under REPLICA IDENTITY FULL. One that is there would lack these rows.
    if (key === null) return;
    const id = JSON.stringify(key);
    if (op === 'd') {
      const newKey = headers['__debezium.newkey'];
      const row = replica.rows.get(id);
      if (!row) throw new Error(`a delete of ${id}, which is not there`);
      if (newKey !== undefined) this.#moving.set(newKey, row);
      replica.rows.delete(id);
      return;
    }
    if (op === 'c' && replica.rows.has(id)) throw new Error(`${id} is created again`);
    if (op === 'u' && !replica.rows.has(id)) throw new Error(`an update of ${id}, which is not there`);
    const before = headers['__debezium.oldkey'] === undefined ? replica.rows.get(id) : this.#moving.get(id);
    replica.rows.set(id, Object.fromEntries(Object.entries(after ?? {}).map(([name, value]) => [name, value === UNAVAILABLE_VALUE ? before?.[name] : value])));
  }
}
