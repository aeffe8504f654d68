import type { LakeValue } from '../lake-type.ts';

/** Statements that run until they are stopped. */
export const ENDLESS = {
  duckdb: 'select count(*) from range(10000000000000) a, range(1000000) b where (a.range * b.range) % 7 = 3',
  databricks: 'select count(*) from range(10000000000000) a cross join range(1000000) b where (a.id * b.id) % 7 = 3',
};

/** A name that is not a plain word. */
export const QUOTED = {
  duckdb: (name: string): string => `"${name}"`,
  databricks: (name: string): string => `\`${name}\``,
};

/** All rows of a result. */
export async function rowsOf({ chunks }: { chunks: AsyncIterable<readonly (readonly LakeValue[])[]> }): Promise<LakeValue[][]> {
  const rows: LakeValue[][] = [];
  for await (const chunk of chunks) rows.push(...chunk.map((row) => [...row]));
  return rows;
}

/** Bytes as hex, so that arrays of different classes compare. */
export function plain(rows: readonly (readonly LakeValue[])[]): unknown[][] {
  return rows.map((row) => row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)));
}

/** A row as NDJSON's text, values as the port says. */
export function ndjson(row: Readonly<Record<string, LakeValue>>): string {
  return JSON.stringify(row, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    if (typeof original === 'bigint') return JSON.rawJSON(original.toString());
    if (original instanceof Uint8Array) return Buffer.from(original).toString('base64');
    if (typeof original === 'number' && !Number.isFinite(original)) return String(original);
    return value;
  });
}
