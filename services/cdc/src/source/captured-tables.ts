import { publishedTables } from '#libs/postgres/replication/publication';
import type { CaptureOptions } from '../capture-options.ts';
import type { TableId } from './table-patterns.ts';

/** Tables that the publication has now and the patterns want. */
export async function capturedTables({ pool, config, patterns }: Pick<CaptureOptions, 'pool' | 'config' | 'patterns'>): Promise<TableId[]> {
  return (await publishedTables(pool, config.CDC_PUBLICATION)).filter((table) => patterns.matches(table));
}
