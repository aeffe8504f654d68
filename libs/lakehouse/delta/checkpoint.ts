import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { hit } from '#libs/runtime/failpoints';
import { type Action, serializeActions } from './actions.ts';
import type { Snapshot } from './snapshot.ts';
import { quoteText } from './sql-text.ts';
import { upkeepOf } from './table-properties.ts';
import type { Workplace } from './workplace.ts';

/** Columns of a checkpoint (Delta protocol, "Checkpoint Schema"). */
const COLUMNS = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags MAP(VARCHAR, VARCHAR))',
  remove:
    'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT)',
  metaData:
    'STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])',
};

/** All actions that rebuild the snapshot, in one parquet file, and the hint that points to it. */
export async function writeCheckpoint({ engine, storage, temporaryDirectory }: Workplace, directory: string, snapshot: Snapshot): Promise<void> {
  const digits = snapshot.version.toString().padStart(20, '0');
  const actions = actionsOf(snapshot);
  const text = serializeActions(actions);
  // The engine takes several buffers of this size at once.
  const longest = Math.max(65_536, ...text.split('\n').map((line) => Buffer.byteLength(line) + 1));
  const json = `${temporaryDirectory}/${randomUUID()}.json`;
  await writeFile(json, text);
  try {
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoteText(type)}`);
    const source = `read_json(${quoteText(json)}, format = 'newline_delimited', maximum_object_size = ${longest}, columns = {${columns.join(', ')}})`;
    await hit('delta.checkpoint-staged');
    await storage.write(`${directory}/${digits}.checkpoint.parquet`, async (place) => {
      await engine.session((session) => session.run(`copy (select * from ${source}) to ${quoteText(place)} (format parquet)`));
      return true;
    });
    await storage.settle(directory);
  } finally {
    await rm(json, { force: true });
  }
  await hit('delta.checkpoint-written');
  await storage.put(`${directory}/_last_checkpoint`, JSON.stringify({ version: Number(snapshot.version), size: actions.length }));
}

function actionsOf(snapshot: Snapshot): Action[] {
  const oldest = Date.now() - upkeepOf(snapshot.metaData.configuration).removedFileRetentionMs;
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

/** The actions of a checkpoint's files, some at a time. */
export async function* readCheckpoint({ engine, storage }: Workplace, paths: readonly string[]): AsyncGenerator<Action[]> {
  const opened = await storage.open(paths);
  const session = await engine.openSession();
  try {
    const list = paths.map((path) => quoteText(opened.place(path))).join(', ');
    const present = new Set((await session.rows<[string]>(`select column_name from (describe select * from read_parquet([${list}]))`)).map(([name]) => name));
    const kinds = Object.keys(COLUMNS).filter((kind) => present.has(kind));
    const parts = kinds.map(
      (kind) => `select ${quoteText(kind)} as kind, to_json(${kind})::VARCHAR as action from read_parquet([${list}]) where ${kind} is not null`,
    );
    const result = await session.select(parts.join(' union all '));
    for (;;) {
      const fetched = await session.fetch(result, {});
      if (!fetched) return;
      const { chunk, rowCount } = fetched;
      const json = chunk.getColumnValues(1) as string[];
      const found = chunk.getColumnValues(0).slice(0, rowCount);
      yield found.map((kind, row): Action => ({ [kind as string]: withoutNulls(JSON.parse(json[row] as string, exactVersion)) }));
    }
  } finally {
    session.close();
    opened.release();
  }
}

function exactVersion(key: string, value: unknown, context?: { source?: string }): unknown {
  return key === 'version' && typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined ? BigInt(context.source) : value;
}

/** Structs in parquet have every field: those that are null were not there. */
function withoutNulls(action: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(action as Record<string, unknown>).filter(([, value]) => value !== null));
}
