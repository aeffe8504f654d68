import type { Lakehouse, LakeTable } from '../../lakehouse.ts';
import { directoryName } from '../table-directory.ts';
import { readVersion, type TableVersion } from './canonical.ts';

/** What an outsider has to find in one version of a table of ours. */
export interface ExpectedVersion extends TableVersion {
  path: string;
  latest: boolean;
  transactions: Record<string, string>;
}

/** Every version of the tables, as we read them. */
export async function ourManifest(
  lake: Lakehouse,
  root: string,
  tables: readonly LakeTable[],
  appIds: readonly string[] = ['topic-0', 'other'],
  { newestOnly = false }: { newestOnly?: boolean } = {},
): Promise<ExpectedVersion[]> {
  const manifest: ExpectedVersion[] = [];
  for (const table of tables) {
    const newest = (await lake.describe(table))?.version ?? -1n;
    const transactions: Record<string, string> = {};
    for (const appId of appIds) {
      const version = await lake.lastTransaction(table, appId);
      if (version !== undefined) transactions[appId] = version.toString();
    }
    for (let version = newestOnly ? newest : 0n; version <= newest; version += 1n) {
      const latest = version === newest;
      const path = `${root}/${directoryName(table.schema)}/${directoryName(table.name)}`;
      manifest.push({ ...(await readVersion(lake, table, version)), path, latest, transactions: latest ? transactions : {} });
    }
  }
  return manifest;
}
