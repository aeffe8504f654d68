import { hash } from 'node:crypto';
import type pg from 'pg';
import type { TableName } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import { type Gone, goneOf } from '../history/retention.ts';
import { type TableFacts, tableFacts } from '../history/table-facts.ts';
import { ApiError } from '../rows/api-error.ts';
import { PastLayer, type PastTables } from '../rows/past-layer.ts';
import { forgotten, type Moment, momentOf } from './moment.ts';
import { type PastSource, pastSource } from './past-source.ts';
import { hasKeyOf, retypedColumns, type SchemaVersion, schemaVersions } from './schema-versions.ts';

/** The past of adopted tables, from their audit. Asks as the service's login; what it gives away goes through the role's own statement. */
export class AsOfLayer extends PastLayer {
  readonly #pool: pg.Pool;
  #secret: Promise<Buffer> | undefined;

  constructor(pool: pg.Pool) {
    super();
    this.#pool = pool;
  }

  async at(asOf: string, role: string, tables: readonly TableName[]): Promise<PastTables> {
    const moment = await momentOf(this.#pool, asOf);
    const distinct = [...new Map(tables.map((table) => [keyOf(table), table])).values()];
    const facts = await Promise.all(distinct.map((table) => this.#factsOf(role, table)));
    const ids = facts.map(({ adoptedId }) => adoptedId);
    const versions = Map.groupBy(await schemaVersions(this.#pool, ids, moment.at), ({ adoptedId }) => adoptedId);
    const gone = await goneOf(this.#pool, ids);
    const secret = await this.#secretOf();
    const sources = facts.map((each) => {
      const known = versions.get(each.adoptedId) ?? [];
      requireKnown(each, known, moment);
      requireKept(each, gone.get(each.adoptedId), moment);
      const pass = `\\x${hash('sha256', Buffer.concat([secret, Buffer.from(`${each.adoptedId}:${moment.id}:${role}`)]), 'hex')}`;
      return { facts: each, retyped: retypedColumns(known, each), checkpoint: moment.id, pass };
    });
    return new TablesThen(moment, sources);
  }

  async #factsOf(role: string, { schema, name }: TableName): Promise<TableFacts> {
    try {
      return (await tableFacts(this.#pool, role, { schema, name }))[0] as TableFacts;
    } catch (error) {
      if (error instanceof ProblemException) throw new ApiError(403, '42501', `permission denied for table ${name}`);
      throw error;
    }
  }

  #secretOf(): Promise<Buffer> {
    this.#secret ??= this.#pool.query<{ secret: Buffer }>('select secret from audit.as_of_secret').then(({ rows }) => rows[0]?.secret ?? Buffer.alloc(0));
    this.#secret.catch(() => (this.#secret = undefined));
    return this.#secret;
  }
}

/** Tables as of one moment, by their names. */
class TablesThen implements PastTables {
  readonly at: string;
  readonly version: string;
  readonly #sources: ReadonlyMap<string, PastSource>;

  constructor({ at, id }: Moment, sources: readonly PastSource[]) {
    this.at = at;
    this.version = id;
    this.#sources = new Map(sources.map((source) => [keyOf(source.facts), source]));
  }

  source(table: TableName, bind: (value: string | null, type: string) => string): string {
    return pastSource(this.#of(table), bind);
  }

  columnsOf(table: TableName): string[] {
    return this.#of(table)
      .facts.columns.filter(({ readable }) => readable)
      .map(({ name }) => name);
  }

  readsAll(table: TableName): boolean {
    return this.#of(table).facts.columns.every(({ readable }) => readable);
  }

  #of({ schema, name }: TableName): PastSource {
    const source = this.#sources.get(keyOf({ schema, name }));
    // Whatever a statement reads was named before: another table would be shown as it is today.
    if (!source) throw new Error(`the past of ${schema}.${name} was not asked for`);
    return source;
  }
}

function requireKnown(facts: TableFacts, versions: readonly SchemaVersion[], { at }: Moment): void {
  const { schema, name } = facts;
  if (versions.some(({ adoptedSince }) => adoptedSince)) throw forgotten(`Nothing is known of ${schema}.${name} as of ${at}`, 'It was adopted after that.');
  if (!versions.every((version) => !version.inForce || hasKeyOf(version, facts)))
    throw forgotten(`Rows of ${schema}.${name} can't be told apart as of ${at}`, 'Its primary key was another one then.');
}

function requireKept({ schema, name }: TableFacts, gone: Gone | undefined, { at, id }: Moment): void {
  if (gone && BigInt(id) < BigInt(gone.checkpoint))
    throw forgotten(`Nothing is kept of ${schema}.${name} as of ${at}`, `Its changes from before ${gone.before} are no longer kept.`);
}

function keyOf({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}
