import type { LakeColumn, LakeValue } from '#libs/lakehouse/lake-type';
import type { Catalog } from './catalog.ts';
import { jsonOfType, typeOfSql } from './lake-type-text.ts';
import { type ResultSet, resultOf } from './result-set.ts';
import { SqlError } from './sql-error.ts';
import { type ColumnDefinition, type Statement, type TableName, tablesIn } from './statement.ts';
import { tokensOf } from './tokens.ts';

type Definition = Extract<
  Statement,
  {
    kind:
      | 'create-view'
      | 'create-schema'
      | 'create-table'
      | 'drop-table'
      | 'add-columns'
      | 'column-type'
      | 'set-properties'
      | 'unset-properties'
      | 'optimize'
      | 'vacuum';
  }
>;
type Description = Extract<Statement, { kind: 'show-tables' | 'show-views' | 'describe-json' | 'describe-detail' | 'describe-history' }>;

const WEEK_HOURS = 168;

/** CREATE, ALTER, DROP, OPTIMIZE, VACUUM. */
export async function runDefinition(catalog: Catalog, statement: Definition): Promise<ResultSet> {
  return catalog.inTurn(() => definition(catalog, statement));
}

async function definition(catalog: Catalog, statement: Definition): Promise<ResultSet> {
  switch (statement.kind) {
    case 'create-schema':
      catalog.schemas.add(statement.schema);
      return resultOf({});
    case 'create-view':
      // A view of what is not there is refused when it is made.
      for (const { version: _version, ...table } of tablesIn(tokensOf(statement.query), catalog.name)) catalog.entry(table);
      catalog.replaceView(statement.view, statement.query);
      return resultOf({});
    case 'create-table':
      return createTable(catalog, statement);
    case 'drop-table':
      if (!catalog.has(statement.table) && statement.ifExists) return resultOf({});
      catalog.entry(statement.table);
      await catalog.drop(statement.table);
      return resultOf({});
    case 'add-columns':
      return evolve(catalog, statement.table, columnsOf(statement.columns), 'ADD COLUMNS');
    case 'column-type':
      return changeType(catalog, statement);
    case 'set-properties':
      Object.assign(catalog.entry(statement.table).properties, statement.properties);
      await catalog.mark(statement.table, 'SET TBLPROPERTIES');
      return resultOf({});
    case 'unset-properties':
      for (const name of statement.names) delete catalog.entry(statement.table).properties[name];
      await catalog.mark(statement.table, 'UNSET TBLPROPERTIES');
      return resultOf({});
    case 'optimize':
      return optimize(catalog, statement.table);
    case 'vacuum':
      return vacuum(catalog, statement.table, statement.hours);
  }
}

async function createTable(catalog: Catalog, statement: Definition & { kind: 'create-table' }): Promise<ResultSet> {
  if (catalog.has(statement.table)) {
    if (statement.ifNotExists) return resultOf({});
    throw new SqlError('TABLE_OR_VIEW_ALREADY_EXISTS', '42P07', `Cannot create table or view ${catalog.fullName(statement.table)} because it already exists.`);
  }
  await catalog.create(statement.table, {
    columns: columnsOf(statement.columns),
    partitionBy: statement.partitionBy,
    properties: statement.properties,
    ...(statement.comment === undefined ? {} : { description: statement.comment }),
  });
  return resultOf({});
}

async function changeType(catalog: Catalog, { table, column, type }: Definition & { kind: 'column-type' }): Promise<ResultSet> {
  if (catalog.entry(table).properties['delta.enableTypeWidening'] !== 'true')
    throw new SqlError('DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP', '0AKDC', 'ALTER TABLE CHANGE COLUMN is not supported for changing the type.');
  return evolve(catalog, table, [{ name: column, type: typeOfSql(type) }], 'CHANGE COLUMN');
}

async function evolve(catalog: Catalog, table: TableName, columns: LakeColumn[], operation: string): Promise<ResultSet> {
  catalog.entry(table);
  const { version } = await catalog.lake.ensureTable(table, { columns }, { evolve: true });
  catalog.entry(table).versions.set(version, { operation, metrics: {} });
  return resultOf({});
}

async function optimize(catalog: Catalog, table: TableName): Promise<ResultSet> {
  const before = await catalog.state(table);
  const { applied, version } = await catalog.lake.compact(table);
  const after = await catalog.state(table);
  if (applied) catalog.entry(table).versions.set(version, { operation: 'OPTIMIZE', metrics: {} });
  const removed = applied ? (before.files ?? 0) : 0;
  const metrics = JSON.stringify({ numFilesAdded: applied ? (after.files ?? 0) : 0, numFilesRemoved: removed });
  return resultOf({
    path: ['string', [catalog.fullName(table)]],
    metrics: [{ other: 'STRUCT<numFilesAdded: BIGINT, numFilesRemoved: BIGINT>' }, [metrics]],
  });
}

async function vacuum(catalog: Catalog, table: TableName, hours: number | undefined): Promise<ResultSet> {
  const kept = /^interval (\d+) hours$/.exec(catalog.entry(table).properties['delta.deletedFileRetentionDuration'] ?? '')?.[1];
  const least = kept === undefined ? WEEK_HOURS : Number(kept);
  if ((hours ?? least) < least) throw new SqlError('DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT', '22003', `The retention period is less than ${least} hours.`);
  const { deletedFiles } = await catalog.lake.vacuum(table, { retentionHours: hours ?? least });
  await catalog.mark(table, 'VACUUM END', { numDeletedFiles: String(deletedFiles), numVacuumedDirectories: '1' });
  return resultOf({ path: ['string', [catalog.fullName(table)]] });
}

/** SHOW TABLES and DESCRIBE. */
export async function describe(catalog: Catalog, statement: Description): Promise<ResultSet> {
  switch (statement.kind) {
    case 'show-views': {
      const names = catalog.views(statement.schema);
      return resultOf({
        namespace: ['string', names.map(() => statement.schema)],
        viewName: ['string', names],
        isTemporary: ['boolean', names.map(() => false)],
      });
    }
    case 'show-tables': {
      const names = catalog.tables(statement.schema);
      return resultOf({
        database: ['string', names.map(() => statement.schema)],
        tableName: ['string', names],
        isTemporary: ['boolean', names.map(() => false)],
      });
    }
    case 'describe-json':
      return describeJson(catalog, statement.table);
    case 'describe-detail':
      return describeDetail(catalog, statement.table);
    case 'describe-history':
      return describeHistory(catalog, statement.table, statement.limit);
  }
}

async function describeJson(catalog: Catalog, table: TableName): Promise<ResultSet> {
  if (catalog.isView(table)) return resultOf({ json_metadata: ['string', [JSON.stringify({ table_name: table.name, type: 'VIEW', columns: [] })]] });
  const { columns, partitionBy } = await catalog.state(table);
  const { properties, comment } = catalog.entry(table);
  const json = {
    table_name: table.name,
    catalog_name: catalog.name,
    schema_name: table.schema,
    columns: columns.map(({ name, type, nullable = true, comment: note }) => ({
      name,
      type: jsonOfType(type),
      nullable,
      ...(note === undefined ? {} : { comment: note }),
    })),
    partition_columns: partitionBy,
    table_properties: properties,
    ...(comment === undefined ? {} : { comment }),
  };
  return resultOf({ json_metadata: ['string', [JSON.stringify(json)]] });
}

async function describeDetail(catalog: Catalog, table: TableName): Promise<ResultSet> {
  refuseView(catalog, table, 'DESCRIBE DETAIL');
  const { files, bytes, partitionBy, committedAtMs } = await catalog.state(table);
  const { id, createdAtMs, properties, comment } = catalog.entry(table);
  return resultOf({
    format: ['string', ['delta']],
    id: ['string', [id]],
    name: ['string', [catalog.fullName(table)]],
    description: ['string', [comment ?? null]],
    createdAt: ['timestamp', [new Date(createdAtMs).toISOString()]],
    lastModified: ['timestamp', [new Date(committedAtMs).toISOString()]],
    partitionColumns: [{ other: 'ARRAY<STRING>' }, [JSON.stringify(partitionBy)]],
    numFiles: ['long', [BigInt(files ?? 0)]],
    sizeInBytes: ['long', [bytes ?? 0n]],
    properties: [{ other: 'MAP<STRING, STRING>' }, [JSON.stringify(properties)]],
  });
}

async function describeHistory(catalog: Catalog, table: TableName, limit: number | undefined): Promise<ResultSet> {
  refuseView(catalog, table, 'DESCRIBE HISTORY');
  const { versions } = catalog.entry(table);
  const history = await catalog.lake.history(table, limit ?? 10_000);
  const text = (of: (version: (typeof history)[number]) => LakeValue): LakeValue[] => history.map(of);
  return resultOf({
    version: ['long', text(({ version }) => version)],
    timestamp: ['timestamp', text(({ committedAtMs }) => new Date(committedAtMs).toISOString())],
    userName: ['string', text(() => 'double')],
    operation: ['string', text(({ version, operation }) => versions.get(version)?.operation ?? operation)],
    operationParameters: [{ other: 'MAP<STRING, STRING>' }, text(() => '{}')],
    readVersion: ['long', text(({ version }) => (version === 0n ? null : version - 1n))],
    operationMetrics: [{ other: 'MAP<STRING, STRING>' }, text(({ version }) => JSON.stringify(versions.get(version)?.metrics ?? {}))],
    userMetadata: ['string', text(() => null)],
    engineInfo: ['string', text(() => 'Databricks double')],
  });
}

function refuseView(catalog: Catalog, table: TableName, what: string): void {
  if (!catalog.isView(table)) return;
  throw new SqlError('EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE', '42809', `'${what}' expects a table but ${catalog.fullName(table)} is a view.`);
}

function columnsOf(definitions: readonly ColumnDefinition[]): LakeColumn[] {
  return definitions.map(({ name, type, nullable, comment }) => ({ name, type: typeOfSql(type), nullable, ...(comment === undefined ? {} : { comment }) }));
}
