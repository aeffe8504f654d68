import type { CaptureOptions } from '../capture-options.ts';
import type { Capture } from '../capture.ts';
import { ChunkReader } from './chunk-reader.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { Snapshotter } from './snapshotter.ts';

/** Bytes of a chunk, about: it is held until its high mark has passed through the stream. */
const CHUNK_BYTES = 8 << 20;

/** The snapshots of the slot, as the log knows them, beside this capture. */
export async function openSnapshotter({ changeLog, config, pool, runtime, metrics, onSnapshot }: CaptureOptions, capture: Capture): Promise<Snapshotter> {
  const store = new SnapshotStore(changeLog, config.CDC_TOPIC_PREFIX, config.CDC_SLOT);
  const producer = await store.openProducer();
  const reader = new ChunkReader({
    pool,
    publication: config.CDC_PUBLICATION,
    windows: capture.windows,
    resolve: (message) => capture.catalogue.resolve(message),
    maxRows: config.CDC_SNAPSHOT_CHUNK_ROWS,
    maxBytes: CHUNK_BYTES,
    maxRowBytes: config.CDC_MAX_ROW_BYTES,
  });
  return new Snapshotter({
    reader,
    store,
    producer,
    // Read after the writers before us are fenced: what they wrote is final.
    snapshots: await store.read(),
    whenDurable: () => capture.whenDurable(),
    parallel: config.CDC_SNAPSHOT_PARALLEL,
    clock: runtime.clock,
    logger: runtime.logger,
    onRows: (rows) => metrics.snapshotRows.inc(rows),
    onStep: onSnapshot,
  });
}
