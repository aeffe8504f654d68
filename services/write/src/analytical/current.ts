import { currentSql } from '#libs/lakehouse/history/current-sql';
import { baseName, currentName, historyName, PROPERTY, rowColumns } from '#libs/lakehouse/history/history-columns';
import { mergedOffsets } from '#libs/lakehouse/history/progress';
import { Failure } from '#libs/failure/failure';
import type { LakeRelation, Lakehouse } from '#libs/lakehouse/lakehouse';

/** The table whose current rows a name means: `orders` of `orders_current`. */
export function stemOfCurrent(name: string): string | undefined {
  const suffix = currentName('');
  return name.endsWith(suffix) && name.length > suffix.length ? name.slice(0, -suffix.length) : undefined;
}

/**
 * The current rows of a governed table, from its history and its base. The base is pinned first: a history that is newer only repeats what the base
 * already has (libs/lakehouse/history/current-sql.ts).
 */
export async function openCurrent(lakehouse: Lakehouse, schema: string, stem: string): Promise<LakeRelation> {
  const merged = await mergedOffsets(lakehouse, { schema, name: baseName(stem) });
  const described = await lakehouse.describe({ schema, name: baseName(stem) });
  const base = described && (await lakehouse.relation(described.table));
  try {
    const history = await lakehouse.relation({ schema, name: historyName(stem) });
    const columns = rowColumns(history.state.columns);
    const input = { history: history.sql, base: base?.sql, columns, baseColumns: base?.state.columns ?? [], key: keyOf(history) };
    const sql = currentSql({ dialect: lakehouse.dialect, ...input }, merged);
    const release = async (): Promise<void> => void (await Promise.all([base?.release(), history.release()]));
    return { sql, state: { ...history.state, table: { schema, name: currentName(stem) }, columns }, release };
  } catch (error) {
    await base?.release();
    throw error;
  }
}

function keyOf({ state: { properties, table } }: LakeRelation): string[] {
  const key = JSON.parse(properties[PROPERTY.key] ?? '[]') as string[];
  if (key.length > 0) return key;
  throw new Failure('unsupported', `${table.schema}.${table.name} has no key: it has no current rows`);
}
