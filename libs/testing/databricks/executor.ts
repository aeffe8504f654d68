import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { lakeType } from '#libs/lakehouse/delta/duckdb-type';
import { rowsOf } from '#libs/lakehouse/delta/values';
import type { LakeRelation } from '#libs/lakehouse/lakehouse';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Catalog } from './catalog.ts';
import { describe, runDefinition } from './definitions.ts';
import { type ResultSet, resultOf } from './result-set.ts';
import { fromDuckDb, SqlError } from './sql-error.ts';
import { parse, type Statement, tablesIn } from './statement.ts';
import { type Token, tokensOf } from './tokens.ts';
import { type Parameter, type Scope, translate } from './translate.ts';
import type { Volumes } from './volume.ts';
import { type Step, Writer } from './writer.ts';

/** Runs statements: those that define and describe on the catalogue, queries and writes in DuckDB. */
export class Executor {
  readonly #instance: DuckDBInstance;
  readonly #catalog: Catalog;
  readonly #volumes: Volumes;
  readonly #directory: string;
  /** Makes the next write fail with this; for tests of conflicts. */
  readonly writeFaults: SqlError[] = [];

  private constructor(instance: DuckDBInstance, catalog: Catalog, volumes: Volumes, directory: string) {
    this.#instance = instance;
    this.#catalog = catalog;
    this.#volumes = volumes;
    this.#directory = directory;
  }

  static async open(catalog: Catalog, volumes: Volumes, directory: string): Promise<Executor> {
    const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MB', threads: '2', autoinstall_known_extensions: 'false' });
    return new Executor(instance, catalog, volumes, directory);
  }

  /** A connection of its own for one statement: interrupting it stops nothing else. */
  async connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    await connection.run(`set TimeZone = 'UTC'`);
    return connection;
  }

  close(): void {
    this.#instance.closeSync();
  }

  async execute(connection: DuckDBConnection, sql: string, parameters: ReadonlyMap<string, Parameter>): Promise<ResultSet> {
    const statement = parse(sql, this.#catalog.name);
    const scope = { catalog: this.#catalog.name, parameters, files: (path: string, options: ReadonlyMap<string, string>) => this.#volumes.read(path, options) };
    try {
      return await this.#run(connection, statement, scope, sql);
    } catch (error) {
      throw fromDuckDb(error);
    }
  }

  async #run(connection: DuckDBConnection, statement: Statement, scope: Omit<Scope, 'table'>, sql: string): Promise<ResultSet> {
    switch (statement.kind) {
      case 'query':
        return this.#query(connection, this.#catalog.withViews(sql), scope);
      case 'insert':
      case 'replace-where':
      case 'merge':
        return this.#write(connection, [statement], scope);
      case 'atomic':
        return this.#atomic(connection, statement.steps, scope);
      case 'put':
      case 'get':
      case 'remove':
        return this.#stage(statement);
      case 'create-table': {
        const { query, ...plain } = statement;
        if (!query) return runDefinition(this.#catalog, plain);
        return this.#createAs(connection, { ...plain, query }, scope);
      }
      case 'show-tables':
      case 'show-views':
      case 'describe-json':
      case 'describe-detail':
      case 'describe-history':
        return describe(this.#catalog, statement);
      default:
        return runDefinition(this.#catalog, statement);
    }
  }

  async #query(connection: DuckDBConnection, sql: string, scope: Omit<Scope, 'table'>): Promise<ResultSet> {
    const tokens = tokensOf(sql).filter(({ kind, value }) => kind !== 'symbol' || value !== ';');
    const relations = new Map<string, LakeRelation>();
    const release = async (): Promise<void> => {
      for (const relation of relations.values()) await relation.release();
    };
    try {
      for (const { version, ...table } of tablesIn(tokens, this.#catalog.name))
        relations.set(`${this.#catalog.fullName(table)}@${version ?? ''}`, await this.#catalog.relation(table, version));
      const table: Scope['table'] = (schema, name, version) =>
        relations.get(`${this.#catalog.name}.${schema.toLowerCase()}.${name.toLowerCase()}@${version ?? ''}`)?.sql ?? '';
      const translated = translate(tokens, { ...scope, table });
      const result = await connection.stream(translated.sql, translated.values);
      const names = result.columnNames();
      const columns = names.map((name, index): LakeColumn => ({ name, type: lakeType(result.columnType(index).toString()) }));
      const chunks = (async function* () {
        try {
          for (;;) {
            const chunk = await result.fetchChunk();
            if (!chunk || chunk.rowCount === 0) return;
            yield rowsOf(chunk, columns);
          }
        } finally {
          await release();
        }
      })();
      return { columns, chunks };
    } catch (error) {
      await release();
      throw error;
    }
  }

  #write(connection: DuckDBConnection, steps: readonly Step[], scope: Omit<Scope, 'table'>): Promise<ResultSet> {
    return this.#catalog.inTurn(async () => {
      const fault = this.writeFaults.shift();
      if (fault) throw fault;
      const { affected, inserted } = await new Writer(connection, this.#catalog, scope, this.#directory).run(steps);
      return resultOf({ num_affected_rows: ['long', [affected]], num_inserted_rows: ['long', [inserted]] });
    });
  }

  /** A transaction over several statements needs catalogue-managed tables (Databricks, "Transactions", Requirements). */
  #atomic(connection: DuckDBConnection, steps: readonly Step[], scope: Omit<Scope, 'table'>): Promise<ResultSet> {
    for (const step of steps) {
      if (step.kind === 'signal-if' || this.#catalog.entry(step.table).properties['delta.feature.catalogManaged'] === 'supported') continue;
      const name = this.#catalog.fullName(step.table);
      throw new SqlError(
        'TRANSACTION_NOT_SUPPORTED.MANAGED_TABLE_WITHOUT_CATALOG_COMMITS',
        '0A000',
        `Failed to execute the statement. Table ${name} does not have catalog-managed commits enabled.`,
      );
    }
    return this.#write(connection, steps, scope);
  }

  async #createAs(
    connection: DuckDBConnection,
    statement: Extract<Statement, { kind: 'create-table' }> & { query: Token[] },
    scope: Omit<Scope, 'table'>,
  ): Promise<ResultSet> {
    const { query } = statement;
    const { sql, values } = translate(query, { ...scope, table: () => '' });
    const shape = await connection.runAndReadAll(`describe ${sql}`, values);
    const columns = (shape.getRowsJS() as string[][]).map(([name = '', type = '']) => ({ name, type: lakeType(type) }));
    await this.#catalog.create(statement.table, { columns, properties: statement.properties });
    try {
      return await this.#write(connection, [{ kind: 'insert', table: statement.table, columns: [], query, overwrite: false }], scope);
    } catch (error) {
      await this.#catalog.drop(statement.table);
      throw error;
    }
  }

  #stage(statement: Statement & { kind: 'put' | 'get' | 'remove' }): ResultSet {
    const verb = { put: 'PUT', get: 'GET', remove: 'DELETE' } as const;
    const address = this.#volumes.presign(verb[statement.kind], statement.path, statement.kind === 'put' ? statement.overwrite : true);
    const localFile = statement.kind === 'remove' ? null : statement.localFile;
    const result = resultOf({
      operation: ['string', [statement.kind.toUpperCase()]],
      presignedUrl: ['string', [address]],
      headers: [{ other: 'MAP<STRING, STRING>' }, ['{}']],
      ...(localFile === null ? {} : { localFile: ['string', [localFile]] as const }),
    });
    return { ...result, staging: true };
  }
}
