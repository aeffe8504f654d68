import { DataSource, type Logger as TypeOrmLogger, type MigrationInterface, type QueryRunner } from 'typeorm';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import { quoteIdentifier } from './identifiers.ts';

export type Migration = new () => MigrationInterface;

export interface MigrateOptions {
  /** A login that may create what the migrations create. */
  connectionString: string;
  /** Schema of the bookkeeping table; created when missing. */
  schema: string;
  /** Bookkeeping table: one for each owner of migrations. */
  table: string;
  migrations: readonly Migration[];
  logger: Logger;
}

/** One lock for every migrator of a database: TypeORM takes none, and services boot together. */
const LOCK = 0x6c616b65;

/** What goes wrong is thrown; TypeORM need not print it as well. */
const SILENT: TypeOrmLogger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/**
 * Applies pending migrations, each in a transaction of its own, under an advisory lock. Returns the names of those applied.
 * The schema must exist or be creatable by this login. A database that has a migration we don't know is refused: `misconfigured`.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { connectionString, schema, table, migrations, logger } = options;
  const source = new DataSource({
    type: 'postgres',
    url: connectionString,
    applicationName: 'lakeloop-migrate',
    schema,
    migrations: [...migrations],
    migrationsTableName: table,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logger: SILENT,
    poolSize: 2,
  });
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('select pg_advisory_lock($1)', [LOCK]);
    await lock.query(`create schema if not exists "${schema.replaceAll('"', '""')}"`);
    await refuseUnknown(lock, options);
    const applied = (await source.runMigrations({ transaction: 'each' })).map((migration) => migration.name);
    if (applied.length > 0) logger.info({ applied }, 'migrations applied');
    return applied;
  } finally {
    await lock.query('select pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}

/** Asks a database, through whatever connection there is. */
type Ask = (text: string, values?: unknown[]) => Promise<unknown[]>;

/** Names of the migrations that a database has, oldest first; none where there is no bookkeeping yet. */
export async function appliedMigrations(ask: Ask, { schema, table }: Pick<MigrateOptions, 'schema' | 'table'>): Promise<string[]> {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const [found] = (await ask('select to_regclass($1) is not null as exists', [name])) as { exists: boolean }[];
  if (!found?.exists) return [];
  return ((await ask(`select name from ${name} order by id`)) as { name: string }[]).map((row) => row.name);
}

/** What a newer version has made, or one before the first release, is not ours to build on. */
async function refuseUnknown(runner: QueryRunner, options: MigrateOptions): Promise<void> {
  const { migrations } = options;
  const applied = await appliedMigrations((text, values) => runner.query(text, values) as Promise<unknown[]>, options);
  const known = new Set(migrations.map((migration) => new migration().name ?? migration.name));
  const unknown = applied.filter((each) => !known.has(each));
  if (unknown.length === 0) return;
  throw new Failure(
    'misconfigured',
    `the database was made by another version of Lakeloop (${unknown.join(', ')}): run that version, or start anew with npm start -- --reset`,
  );
}
