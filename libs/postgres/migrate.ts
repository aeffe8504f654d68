import { DataSource, type Logger as TypeOrmLogger, type MigrationInterface } from 'typeorm';
import type { Logger } from '#libs/runtime/logger';

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
 * The schema must exist or be creatable by this login.
 */
export async function migrate({ connectionString, schema, table, migrations, logger }: MigrateOptions): Promise<string[]> {
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
    const applied = (await source.runMigrations({ transaction: 'each' })).map((migration) => migration.name);
    if (applied.length > 0) logger.info({ applied }, 'migrations applied');
    return applied;
  } finally {
    await lock.query('select pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}
