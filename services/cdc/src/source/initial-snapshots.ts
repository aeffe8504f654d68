import type { CaptureOptions } from '../capture-options.ts';
import { newSnapshot } from '../snapshot/snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { capturedTables } from './captured-tables.ts';

/** Asks for a snapshot of every published table, once for each `occasion`: `initial`, or a gap. */
export async function askForSnapshots(options: CaptureOptions, store: SnapshotStore, occasion: string): Promise<void> {
  const cause = occasion === 'initial' ? occasion : 'gap';
  const tables = await capturedTables(options);
  const known = new Set((await store.read()).map(({ id }) => id));
  const requests = tables
    .map(({ schema, name }) => newSnapshot(`${occasion}:${schema}.${name}`, { schema, table: name, cause }, options.runtime.clock.now()))
    .filter(({ id }) => !known.has(id));
  const producer = await store.openProducer();
  try {
    if (requests.length > 0) await producer.append(requests.map((snapshot) => store.record(snapshot)));
  } finally {
    await producer.close();
  }
}
