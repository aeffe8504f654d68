import { publishedTables } from '#libs/postgres/replication/publication';
import type { CaptureOptions } from '../capture-options.ts';
import { newSnapshot } from '../snapshot/snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';

/** Asks for a snapshot of every published table, once for each `occasion`: `initial`, or a gap. */
export async function askForSnapshots({ pool, config, patterns, runtime }: CaptureOptions, store: SnapshotStore, occasion: string): Promise<void> {
  const cause = occasion === 'initial' ? occasion : 'gap';
  const tables = (await publishedTables(pool, config.CDC_PUBLICATION)).filter((table) => patterns.matches(table));
  const known = new Set((await store.read()).map(({ id }) => id));
  const requests = tables
    .map(({ schema, name }) => newSnapshot(`${occasion}:${schema}.${name}`, { schema, table: name, cause }, runtime.clock.now()))
    .filter(({ id }) => !known.has(id));
  const producer = await store.openProducer();
  try {
    if (requests.length > 0) await producer.append(requests.map((snapshot) => store.record(snapshot)));
  } finally {
    await producer.close();
  }
}
