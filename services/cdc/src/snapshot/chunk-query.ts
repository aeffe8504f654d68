import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';

/** A table as its snapshot reads it. */
export interface SnapshotTable {
  oid: number;
  schema: string;
  name: string;
  /** A partitioned table is read with its partitions; any other alone, since its children are published by themselves. */
  partitioned: boolean;
  columns: readonly string[];
  /** Columns of the order, with their types as DDL spells them; empty: by block. */
  key: readonly { name: string; type: string }[];
  /** Row filter of the publication, SQL. */
  rowFilter: string | null;
  /** Blocks of the heap, for a table without a key. */
  blocks: number;
}

/** Blocks that one chunk of a table without a key takes. */
export const CHUNK_BLOCKS = 512;

export interface ChunkQuery {
  text: string;
  values: readonly string[];
}

/** `after`: text of the last key that is done, null at the start. `until`: of the last one wanted, null for all there is. By block: the next one, and the end. */
export interface ChunkBounds {
  after: readonly string[] | null;
  until: readonly string[] | null;
}

/** Rows between the bounds, in the key's order, without a limit: it is read by a cursor. Values are bound; conditions are the operator's and the publication's own SQL. */
export function chunkQuery(table: SnapshotTable, where: string | null, bounds: ChunkBounds): ChunkQuery {
  return table.key.length > 0 ? byKey(table, where, bounds) : byBlock(table, where, bounds);
}

/** What the planner thinks of the whole, as `explain (format json)`. */
export function estimateQuery(table: SnapshotTable, where: string | null): string {
  return `explain (format json) select from ${source(table)}${whereOf([where, table.rowFilter])}`;
}

/** The greatest key there is; null for a table without a key. */
export function lastKeyQuery(table: SnapshotTable): string | null {
  if (table.key.length === 0) return null;
  const names = table.key.map(({ name }) => quoteIdentifier(name));
  return `select ${names.join(', ')} from ${source(table)} order by ${names.map((name) => `${name} desc`).join(', ')} limit 1`;
}

function byKey(table: SnapshotTable, where: string | null, { after, until }: ChunkBounds): ChunkQuery {
  const names = table.key.map(({ name }) => quoteIdentifier(name)).join(', ');
  const values: string[] = [];
  const compare = (operator: '>' | '<=', key: readonly string[] | null): string | null => {
    if (!key) return null;
    const bound = table.key.map(({ type }, index) => `$${values.push(key[index] ?? '')}::${type}`);
    return `(${names}) ${operator} (${bound.join(', ')})`;
  };
  const conditions = [compare('>', after), compare('<=', until), where, table.rowFilter];
  return { text: `select ${columnsOf(table)} from ${source(table)}${whereOf(conditions)} order by ${names}`, values };
}

/** A chunk is a range of blocks, and `after` the block to begin at. */
function byBlock(table: SnapshotTable, where: string | null, { after, until }: ChunkBounds): ChunkQuery {
  const from = Number(after?.[0] ?? 0);
  const range = `ctid >= '(${from},0)'::tid and ctid < '(${Math.min(from + CHUNK_BLOCKS, Number(until?.[0] ?? Infinity))},0)'::tid`;
  return { text: `select ${columnsOf(table)} from ${source(table)}${whereOf([range, where, table.rowFilter])}`, values: [] };
}

function source(table: SnapshotTable): string {
  return `${table.partitioned ? '' : 'only '}${quoteTable(table)}`;
}

function columnsOf({ columns }: SnapshotTable): string {
  return columns.map(quoteIdentifier).join(', ');
}

function whereOf(conditions: readonly (string | null)[]): string {
  const present = conditions.filter((condition) => condition !== null).map((condition) => `(${condition})`);
  return present.length === 0 ? '' : ` where ${present.join(' and ')}`;
}
