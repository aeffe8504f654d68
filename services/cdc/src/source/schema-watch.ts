import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import type { RelationMessage } from '#libs/pgoutput/message';
import { quoteTable } from '#libs/postgres/identifiers';
import { publicationMembers, type PublishedTable } from '#libs/postgres/replication/publication';
import type { CaptureOptions } from '../capture-options.ts';
import type { Relation } from '../change/relation.ts';
import { SCHEMA_PREFIX, type SchemaLog } from '../change/schema-log.ts';
import { differences } from '../change/table-schema.ts';
import { loadTable } from '../snapshot/load-table.ts';
import type { RelationCatalogue } from './relation-catalogue.ts';

/** Far below `deadlock_timeout` (1 s), after which the server picks a victim. */
const LOCK_MS = 100;

/** All by which a table's description can differ, by oid. */
const STATES = `
  select c.oid::text as oid, concat_ws('|', c.relreplident, n.nspname, c.relname,
           (select string_agg(concat_ws(',', a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated), ';' order by a.attnum)
              from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
           (select string_agg(concat_ws(',', i.indkey, i.indnkeyatts, i.indisprimary), ';' order by i.indexrelid)
              from pg_index i where i.indrelid = c.oid and (i.indisprimary or i.indisreplident))) as state
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.oid = any ($1::oid[])`;

/**
 * Sees what the stream alone doesn't tell: tables without a change since they were made or altered, and tables that are gone. Each is described under a lock that
 * keeps DDL away, in the transaction that writes a mark: so the description is right where the mark passes in the stream, and is told there.
 */
export class SchemaWatch {
  readonly #options: CaptureOptions;
  readonly #catalogue: RelationCatalogue;
  readonly #schemas: SchemaLog;
  readonly #seen = new Map<string, string>();

  constructor(options: CaptureOptions, { catalogue, schemas }: { catalogue: RelationCatalogue; schemas: SchemaLog }) {
    this.#options = options;
    this.#catalogue = catalogue;
    this.#schemas = schemas;
  }

  async check(): Promise<void> {
    const { pool, config } = this.#options;
    const members = await publicationMembers(pool, config.CDC_PUBLICATION);
    const present = new Set(members.map(({ oid }) => Number(oid)));
    for (const { oid } of this.#schemas.live()) if (!present.has(oid)) await this.#markGone(oid);
    const { rows } = await pool.query<{ oid: string; state: string }>(STATES, [members.map(({ oid }) => oid)]);
    const states = new Map(rows.map(({ oid, state }) => [oid, state]));
    for (const member of members) {
      const state = states.get(member.oid);
      if (state === undefined || this.#seen.get(member.oid) === state) continue;
      if (await this.#describe(member)) this.#seen.set(member.oid, state);
    }
  }

  async #markGone(oid: number): Promise<void> {
    const content = randomUUID();
    this.#schemas.announce(content, { kind: 'gone', oid });
    await this.#options.pool.query('select pg_logical_emit_message(true, $1, $2)', [SCHEMA_PREFIX, content]);
  }

  /** False when it could not be read now: it is locked, was changed meanwhile, is gone, or not this login's to read. */
  async #describe({ schema, name }: PublishedTable): Promise<boolean> {
    const { pool, config, runtime } = this.#options;
    const client = await pool.connect();
    try {
      const found = await loadTable(client, config.CDC_PUBLICATION, { schema, table: name });
      const relation = found && (await this.#catalogue.resolve(found.message));
      if (!found || !relation?.published) return relation?.published === false;
      const last = this.#schemas.live().find(({ oid }) => oid === relation.description.oid);
      if (last && differences(last, relation.description).length === 0) return true;
      return await this.#mark(client, found.message, relation);
    } catch (error) {
      const failure = classify(error);
      if (failure.kind === 'misconfigured') throw failure;
      runtime.logger.debug({ schema, table: name, reason: failure.message }, 'the table was not described; its next change describes it');
      return failure.kind === 'forbidden';
    } finally {
      client.release();
    }
  }

  /** Under the lock nothing is asked that could wait for longer: whoever changes the table waits for us, and must never be the victim of a deadlock. */
  async #mark(client: pg.ClientBase, message: RelationMessage, relation: Relation): Promise<boolean> {
    const table = { schema: relation.schema, name: relation.table };
    try {
      await client.query(`begin; set local lock_timeout = '${LOCK_MS}'; lock table only ${quoteTable(table)} in access share mode`);
      const now = await loadTable(client, this.#options.config.CDC_PUBLICATION, { schema: table.schema, table: table.name });
      const unchanged = JSON.stringify(now?.message) === JSON.stringify(message);
      const content = randomUUID();
      if (unchanged) {
        this.#schemas.announce(content, { kind: 'described', relation });
        await client.query('select pg_logical_emit_message(true, $1, $2)', [SCHEMA_PREFIX, content]);
      }
      return unchanged;
    } finally {
      await client.query('commit');
    }
  }
}
