/** An import that this browser began: enough to go on with it after a reload, once the file is chosen again. */
export interface StoredImport {
  id: string;
  schema: string;
  table: string;
  fileName: string;
  size: number;
  lastModified: number;
  startedAt: number;
}

const PREFIX = 'lakeloop.import.';

type Place = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The import of a table that is under way, or was when the page went away. */
export function storedImport(place: Place, schema: string, table: string): StoredImport | undefined {
  try {
    const value: unknown = JSON.parse(place.getItem(keyOf(schema, table)) ?? 'null');
    return isStored(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it. A browser that keeps nothing only loses the way back after a reload. */
export function keepImport(place: Place, stored: StoredImport): void {
  try {
    place.setItem(keyOf(stored.schema, stored.table), JSON.stringify(stored));
  } catch {
    // full, or forbidden
  }
}

export function forgetImport(place: Place, schema: string, table: string): void {
  try {
    place.removeItem(keyOf(schema, table));
  } catch {
    // forbidden
  }
}

/** Whether a file is the one that the import began with, as far as its name, size and time tell. */
export function isSameFile({ fileName, size, lastModified }: StoredImport, file: Pick<File, 'name' | 'size' | 'lastModified'>): boolean {
  return file.name === fileName && file.size === size && file.lastModified === lastModified;
}

function keyOf(schema: string, table: string): string {
  return PREFIX + JSON.stringify([schema, table]);
}

function isStored(value: unknown): value is StoredImport {
  return typeof value === 'object' && value !== null && 'id' in value && 'fileName' in value && 'size' in value;
}
