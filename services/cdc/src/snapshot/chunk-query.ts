import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';

/** A table as its snapshot reads it. */
export interface SnapshotTable {
  oid: number;
  schema: string;
  name: string;
  /** A partitioned table is read with its partitions; any other alone, since its children are published by themselves. */
  partitioned: boolean;
  columns: readonly string[];
  /** Those whose values may be large; none where all of the table's rows lie within their pages. */
  wide: readonly { name: string; typeOid: number }[];
  /** Columns of the order; empty: by block. */
  key: readonly KeyColumn[];
  /** Row filter of the publication, SQL. */
  rowFilter: string | null;
  /** Blocks of the heap, for a table without a key; of the largest partition. */
  blocks: number;
  /** Whether this login may take a lock: a right to some columns alone gives none. */
  lockable: boolean;
  /** Equal where a place in the table's order is the same place. */
  order: string;
}

export interface KeyColumn {
  name: string;
  /** As DDL spells it; of a domain, what it stands for. */
  type: string;
  /** Oid; 0 where the type has none. */
  collation: string;
  /** SQL of the operators that order it, where they are not the system's. */
  operators: Readonly<Record<'<' | '<=' | '=' | '>=' | '>', string>> | null;
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
  return selectQuery(table, columnsOf(table), where, bounds);
}

/** Of the same rows, in the same order, about how many bytes the text of each takes: without reading what is stored out of line. */
export function sizesQuery(table: SnapshotTable, where: string | null, bounds: ChunkBounds): ChunkQuery {
  return selectQuery(table, table.wide.map((column) => `coalesce(${sizeOf(column)}, 0)`).join(' + '), where, bounds);
}

/** One of the same rows, its large values left out; behind its columns, which of the wide ones those are. */
export function trimmedQuery(table: SnapshotTable, where: string | null, bounds: ChunkBounds, place: number): ChunkQuery {
  const isLarge = (column: SnapshotTable['wide'][number]): string => `coalesce(${sizeOf(column)} > ${LARGE_BYTES}, false)`;
  const columns = table.columns.map((name) => {
    const wide = table.wide.find((column) => column.name === name);
    return wide ? `case when ${isLarge(wide)} then null else ${quoteIdentifier(name)} end` : quoteIdentifier(name);
  });
  const { text, values } = selectQuery(table, `${columns.join(', ')}, array[${table.wide.map(isLarge).join(', ')}]`, where, bounds);
  return { text: `${text} offset ${place} limit 1`, values };
}

/** What a parked change keeps of its row is smaller. */
const LARGE_BYTES = 4_096;
const BYTEA = 17;
/** text, char, varchar: their length is known without reading them. */
const TEXTS = new Set([25, 1042, 1043]);
/** Of other values the stored size is known, compressed as it may be. */
const COMPRESSED = 4;

function sizeOf({ name, typeOid }: SnapshotTable['wide'][number]): string {
  const column = quoteIdentifier(name);
  if (typeOid === BYTEA) return `2 * octet_length(${column})::bigint`;
  return TEXTS.has(typeOid) ? `octet_length(${column})::bigint` : `${COMPRESSED} * pg_column_size(${column})::bigint`;
}

function selectQuery(table: SnapshotTable, columns: string, where: string | null, bounds: ChunkBounds): ChunkQuery {
  return table.key.length > 0 ? byKey(table, columns, where, bounds) : byBlock(table, columns, where, bounds);
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

function byKey(table: SnapshotTable, columns: string, where: string | null, { after, until }: ChunkBounds): ChunkQuery {
  const names = table.key.map(({ name }) => quoteIdentifier(name)).join(', ');
  const values: string[] = [];
  const compare = (operator: '>' | '<=', bound: readonly string[] | null): string | null => {
    if (!bound) return null;
    const terms = table.key.map((column, index) => ({
      ...column,
      left: `${quoteIdentifier(column.name)}::${column.type}`,
      right: `$${values.push(bound[index] ?? '')}::${column.type}`,
    }));
    return terms.every(({ operators }) => operators === null) ? rowComparison(operator, terms) : nestedComparison(operator, terms);
  };
  const conditions = [compare('>', after), compare('<=', until), where, table.rowFilter];
  return { text: `select ${columns} from ${source(table)}${whereOf(conditions)} order by ${names}`, values };
}

interface Term extends KeyColumn {
  left: string;
  right: string;
}

/** What an index serves best. It finds its operators by the search path, which has the system's alone. */
function rowComparison(operator: string, terms: readonly Term[]): string {
  return `(${terms.map(({ left }) => left).join(', ')}) ${operator} (${terms.map(({ right }) => right).join(', ')})`;
}

/** The same with each type's own operators. Found by its name, `>` would be text's for a citext: another order than the index's, and rows would be missed. */
function nestedComparison(operator: '>' | '<=', terms: readonly Term[]): string {
  const strict = operator === '>' ? '>' : '<';
  const apply = (symbol: keyof NonNullable<KeyColumn['operators']>, { left, right, operators }: Term): string =>
    `${left} ${operators?.[symbol] ?? symbol} ${right}`;
  const [first] = terms;
  const nested = terms.reduceRight<string | null>(
    (rest, term) => (rest === null ? apply(operator, term) : `${apply(strict, term)} or (${apply('=', term)} and (${rest}))`),
    null,
  );
  // The range of the first column is what the index is searched by.
  return `${first ? apply(`${strict}=`, first) : 'true'} and (${nested})`;
}

/** A chunk is a range of blocks, and `after` the block to begin at. */
function byBlock(table: SnapshotTable, columns: string, where: string | null, { after, until }: ChunkBounds): ChunkQuery {
  const from = Number(after?.[0] ?? 0);
  const range = `ctid >= '(${from},0)'::tid and ctid < '(${Math.min(from + CHUNK_BLOCKS, Number(until?.[0] ?? Infinity))},0)'::tid`;
  return { text: `select ${columns} from ${source(table)}${whereOf([range, where, table.rowFilter])}`, values: [] };
}

function source(table: SnapshotTable): string {
  return `${table.partitioned ? '' : 'only '}${quoteTable(table)}`;
}

function columnsOf({ columns }: SnapshotTable): string {
  return columns.map(quoteIdentifier).join(', ');
}

function whereOf(conditions: readonly (string | null)[]): string {
  const all = conditions.reduce(bothConditions, null);
  return all === null ? '' : ` where ${all}`;
}

/** SQL of two conditions, either of which may be absent. */
export function bothConditions(one: string | null, other: string | null): string | null {
  if (one === null) return other === null ? null : `(${other})`;
  return other === null ? one : `${one} and (${other})`;
}
