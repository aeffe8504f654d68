import { type Action, serializeActions } from './actions.ts';
import type { Engine } from './engine.ts';
import type { LocalStorage } from './local-storage.ts';
import { quoteText } from './sql-text.ts';
import type { Snapshot } from './snapshot.ts';

/** Columns of a checkpoint (Delta protocol, "Checkpoint Schema"). */
const COLUMNS = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR)',
  remove:
    'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT)',
  metaData:
    'STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])',
};
/** How long a removed file is still told of, ms: the default of delta.deletedFileRetentionDuration. */
const TOMBSTONE_MS = 7 * 24 * 3_600_000;

/** All actions that rebuild the snapshot, in one parquet file, and the hint that points to it. */
export async function writeCheckpoint(engine: Engine, storage: LocalStorage, directory: string, snapshot: Snapshot): Promise<void> {
  const digits = snapshot.version.toString().padStart(20, '0');
  const target = `${directory}/${digits}.checkpoint.parquet`;
  const json = `${directory}/.${digits}.checkpoint.json`;
  const temporary = `${directory}/.${digits}.checkpoint.parquet.tmp`;
  const actions = actionsOf(snapshot);
  const text = serializeActions(actions);
  // The engine takes several buffers of this size at once.
  const longest = Math.max(65_536, ...text.split('\n').map((line) => Buffer.byteLength(line) + 1));
  await storage.put(json, text);
  try {
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoteText(type)}`);
    const source = `read_json(${quoteText(json)}, format = 'newline_delimited', maximum_object_size = ${longest}, columns = {${columns.join(', ')}})`;
    await engine.session((session) => session.run(`copy (select * from ${source}) to ${quoteText(temporary)} (format parquet)`));
    await storage.sync(temporary);
    await storage.rename(temporary, target);
  } finally {
    await storage.delete(json);
    await storage.delete(temporary);
  }
  await storage.put(`${directory}/_last_checkpoint`, JSON.stringify({ version: Number(snapshot.version), size: actions.length }));
}

function actionsOf(snapshot: Snapshot): Action[] {
  const oldest = Date.now() - TOMBSTONE_MS;
  return [
    { protocol: snapshot.protocol },
    { metaData: snapshot.metaData },
    ...Array.from(snapshot.transactions, ([appId, version]) => ({ txn: { appId, version } })),
    ...Array.from(snapshot.files.values(), (add) => ({ add: { ...add, dataChange: false } })),
    ...Array.from(snapshot.tombstones.values())
      .filter(({ deletionTimestamp }) => (deletionTimestamp ?? 0) > oldest)
      .map((remove) => ({ remove: { ...remove, dataChange: false } })),
  ];
}

/** The actions of a checkpoint's files. */
export async function readCheckpoint(engine: Engine, files: readonly string[]): Promise<Action[]> {
  const list = files.map(quoteText).join(', ');
  return engine.session(async (session) => {
    const present = new Set((await session.rows<[string]>(`select column_name from (describe select * from read_parquet([${list}]))`)).map(([name]) => name));
    const kinds = Object.keys(COLUMNS).filter((kind) => present.has(kind));
    const parts = kinds.map((kind) => `select ${quoteText(kind)}, to_json(${kind})::VARCHAR from read_parquet([${list}]) where ${kind} is not null`);
    const rows = await session.rows<[string, string]>(parts.join(' union all '));
    return rows.map(([kind, json]): Action => ({ [kind]: withoutNulls(JSON.parse(json, exactVersion) as Record<string, unknown>) }));
  });
}

function exactVersion(key: string, value: unknown, context?: { source?: string }): unknown {
  return key === 'version' && typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined ? BigInt(context.source) : value;
}

/** Structs in parquet have every field: those that are null were not there. */
function withoutNulls(action: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(action).filter(([, value]) => value !== null));
}
