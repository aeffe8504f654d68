import type pg from 'pg';
import { topicName } from '#contracts/topics/topic-name';
import { Failure } from '#libs/failure/failure';
import type { RelationMessage } from '#libs/pgoutput/message';
import { quoteTable } from '#libs/postgres/identifiers';
import type { ColumnRules } from '../change/column-rules.ts';
import type { MessageKeys } from '../change/message-keys.ts';
import { type Relation, relationOf, schemaOf } from '../change/relation.ts';
import type { SchemaLog } from '../change/schema-log.ts';
import { keyNames, schemaColumns, type TableFacts } from '../change/table-facts.ts';
import type { TableSchema } from '../change/table-schema.ts';
import type { TableId, TablePatterns } from './table-patterns.ts';
import { TypeCatalogue } from './type-catalogue.ts';
import { precedes, untilVisible } from './until-visible.ts';

const FACTS = `
  select coalesce((select json_agg(json_build_object('name', a.attname, 'attributeNumber', a.attnum, 'typeOid', a.atttypid::bigint, 'typeModifier', a.atttypmod,
                            'optional', not a.attnotnull, 'generated', a.attgenerated <> '') order by a.attnum)
                     from pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped), '[]') as columns,
         coalesce((select json_agg(a.attname)
                     from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                    where i.indrelid = $1 and i.indisprimary), '[]') as key,
         (select i.xmin::text::float8 from pg_index i where i.indrelid = $1 and i.indisprimary) as "keyXid",
         (select coalesce(json_agg(json_build_object('name', format_type(t.oid, null), 'expression', format_type(t.oid, t.modifier)) order by t.place), '[]')
            from unnest($2::oid[], $3::int4[]) with ordinality t (oid, modifier, place)) as types`;
const ANCESTORS = `
  select n.nspname as schema, c.relname as name
    from pg_catalog.pg_partition_ancestors($1) as ancestor (oid)
    join pg_catalog.pg_class c on c.oid = ancestor.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

const LISTED = `
  select from pg_publication p
   where p.pubname = $1
     and (p.puballtables or exists (select from pg_publication_tables t where t.pubname = p.pubname and t.schemaname = $2 and t.tablename = $3))`;

export interface RelationCatalogueOptions {
  pool: pg.Pool;
  patterns: TablePatterns;
  publication: string;
  topicPrefix: string;
  topicOf: (table: TableId) => string;
  rules: ColumnRules;
  keys: MessageKeys;
  /** Called before anything is published to a table's topic; remembers those that are made. */
  ensureTopic: (table: TableId) => Promise<void>;
  /** What was told of the tables so far. */
  schemas: SchemaLog;
  /** Ends waiting. */
  signal: AbortSignal;
}

/** Completes Relation messages from the catalogue, through a connection beside the stream. */
export class RelationCatalogue {
  readonly #options: RelationCatalogueOptions;
  readonly #types: TypeCatalogue;

  constructor(options: RelationCatalogueOptions) {
    this.#options = options;
    this.#types = new TypeCatalogue(options.pool);
  }

  /**
   * The catalogue is of now, the message of the time of writing: where both know, the message counts. `xid` is the transaction that a message of the stream came
   * in: what it created itself is in the catalogue a moment after it is in the stream.
   */
  async resolve(message: RelationMessage, { xid, isFirst }: { xid: number | null; isFirst: boolean } = { xid: null, isFirst: false }): Promise<Relation> {
    if (xid !== null) await untilVisible(this.#options.pool, xid, this.#options.signal);
    const table = { schema: schemaOf(message), name: message.name };
    const { rules, keys, patterns, topicOf, ensureTopic } = this.#options;
    const topic = topicOf(table);
    const last = this.#options.schemas.last(message.oid);
    const [now, published] = await Promise.all([
      this.#facts(message),
      this.#isPublished(message.oid, table, last),
      this.#types.load(message.columns.map((column) => column.typeOid)),
    ]);
    if (published) await this.#claim(topic, table).then(() => ensureTopic(table));
    const key = keyNames(message, now, last, { isBefore: (keyXid) => xid !== null && precedes(xid, keyXid), isFirst });
    const description = { columns: schemaColumns(message, now, last), key };
    const signals = patterns.isSignal(table);
    return relationOf(message, { topic, published, signals, types: this.#types.lookup, description, rules, messageKey: keys.of(table) });
  }

  async #facts({ oid, columns }: RelationMessage): Promise<TableFacts> {
    const { rows } = await this.#options.pool.query<TableFacts>(FACTS, [
      oid,
      columns.map(({ typeOid }) => typeOid),
      columns.map(({ typeModifier }) => typeModifier),
    ]);
    return rows[0] ?? { columns: [], key: [], keyXid: null, types: [] };
  }

  /**
   * A partition belongs to the pattern that names one of its parents, also when it was detached or dropped since: what was told of it as published stays so, and
   * of what nobody told, a table that the publication does not have by itself was in it by its parent.
   */
  async #isPublished(oid: number, table: TableId, last: TableSchema | undefined): Promise<boolean> {
    const { patterns, pool } = this.#options;
    if (patterns.forbids(table) || patterns.excludes(table)) return false;
    if (patterns.matches(table) && !patterns.hasExcludes) return true;
    if (!patterns.explicit && !patterns.hasExcludes) return false;
    const { rows } = await pool.query<TableId>(ANCESTORS, [oid]);
    if (rows.some((ancestor) => patterns.excludes(ancestor))) return false;
    if (patterns.matches(table)) return true;
    if (!patterns.explicit) return false;
    if (last?.schema === table.schema && last.table === table.name) return true;
    return rows.length === 0 ? !(await this.#isListed(table)) : rows.some((ancestor) => patterns.matches(ancestor));
  }

  async #isListed({ schema, name }: TableId): Promise<boolean> {
    const { rows } = await this.#options.pool.query(LISTED, [this.#options.publication, schema, name]);
    return rows.length > 0;
  }

  /** Names that differ in characters that topics can't have would share one, and their rows would take each other's place: so the second table stops. */
  async #claim(topic: string, table: TableId): Promise<void> {
    const { schemas, topicPrefix, topicOf } = this.#options;
    // Tables that a route brings together are meant to be.
    if (topic !== topicName(topicPrefix, table.schema, table.name)) return;
    for (const { schema, table: name } of schemas.live()) {
      if ((schema === table.schema && name === table.name) || topicOf({ schema, name }) !== topic) continue;
      // One that was dropped or renamed since leaves its topic to its successor.
      if (!(await this.#isListed({ schema, name }))) continue;
      const [first, second] = [quoteTable({ schema, name }), quoteTable(table)];
      throw new Failure('misconfigured', `tables ${first} and ${second} have one topic, ${topic}: leave one of them out by CDC_TABLES, or rename it`);
    }
  }
}
