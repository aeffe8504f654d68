import type { LakeColumn, LakeValue } from '#libs/lakehouse/lake-type';

/** What a statement answers: typed columns and rows in chunks. `staging`: the row tells the driver which file to move. */
export interface ResultSet {
  columns: LakeColumn[];
  chunks: AsyncIterator<LakeValue[][]>;
  staging?: boolean;
}

/** A small result set, given by columns. */
export function resultOf(columns: Readonly<Record<string, readonly [LakeColumn['type'], readonly LakeValue[]]>>): ResultSet {
  const entries = Object.entries(columns);
  const length = entries[0]?.[1][1].length ?? 0;
  const rows = Array.from({ length }, (_, row) => entries.map(([, [, values]]) => values[row] ?? null));
  const chunks = (async function* () {
    if (rows.length > 0) yield rows;
  })();
  return { columns: entries.map(([name, [type]]) => ({ name, type })), chunks };
}
