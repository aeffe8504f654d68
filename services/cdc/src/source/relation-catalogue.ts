import type pg from 'pg';
import { topicName } from '#contracts/topics/topic-name';
import type { RelationMessage } from '#libs/pgoutput/message';
import { needsPrimaryKey, type Relation, relationOf, schemaOf } from '../change/relation.ts';
import type { TableId, TablePatterns } from './table-patterns.ts';
import { TypeCatalogue } from './type-catalogue.ts';
import { untilVisible } from './until-visible.ts';

const PRIMARY_KEY = `
  select a.attname as name
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
   where i.indrelid = $1 and i.indisprimary`;
const ANCESTORS = `
  select n.nspname as schema, c.relname as name
    from pg_catalog.pg_partition_ancestors($1) as ancestor (oid)
    join pg_catalog.pg_class c on c.oid = ancestor.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

export interface RelationCatalogueOptions {
  pool: pg.Pool;
  patterns: TablePatterns;
  topicPrefix: string;
  /** Called once for each topic before anything is published to it. */
  ensureTopic: (topic: string) => Promise<void>;
  /** Ends waiting. */
  signal: AbortSignal;
}

/** Completes Relation messages from the catalogue, through a connection beside the stream. */
export class RelationCatalogue {
  readonly #options: RelationCatalogueOptions;
  readonly #types: TypeCatalogue;
  readonly #topics = new Set<string>();

  constructor(options: RelationCatalogueOptions) {
    this.#options = options;
    this.#types = new TypeCatalogue(options.pool);
  }

  /**
   * The catalogue is of now, the message of the time of writing: where both know, the message counts. `xid` is the transaction that the message came in: what it
   * created itself is in the catalogue a moment after it is in the stream.
   */
  async resolve(message: RelationMessage, xid: number | null = null): Promise<Relation> {
    if (xid !== null) await untilVisible(this.#options.pool, xid, this.#options.signal);
    const table = { schema: schemaOf(message), name: message.name };
    const topic = topicName(this.#options.topicPrefix, table.schema, table.name);
    const [primaryKey, published] = await Promise.all([
      needsPrimaryKey(message) ? this.#primaryKey(message.oid) : [],
      this.#isPublished(message.oid, table),
      this.#types.load(message.columns.map((column) => column.typeOid)),
    ]);
    if (published) await this.#ensure(topic);
    return relationOf(message, { topic, published, types: this.#types.lookup, primaryKey });
  }

  async #primaryKey(oid: number): Promise<string[]> {
    const { rows } = await this.#options.pool.query<{ name: string }>(PRIMARY_KEY, [oid]);
    return rows.map((row) => row.name);
  }

  /** A partition belongs to the pattern that names one of its parents. */
  async #isPublished(oid: number, table: TableId): Promise<boolean> {
    const { patterns, pool } = this.#options;
    if (patterns.matches(table)) return true;
    if (!patterns.explicit) return false;
    const { rows } = await pool.query<TableId>(ANCESTORS, [oid]);
    return rows.some((ancestor) => patterns.matches(ancestor));
  }

  async #ensure(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return;
    await this.#options.ensureTopic(topic);
    this.#topics.add(topic);
  }
}
