/**
 * A schema's or table's name as a directory's: letters, digits, `_` and `-` stay, every other byte of its UTF-8 is `~XX`. So any name is safe as a path, and
 * two names never share a directory (on a file system that minds the case). `%XX` would be usual, but deltalake decodes it in a path that it is given.
 */
export function directoryName(name: string): string {
  return Buffer.from(name)
    .toString('latin1')
    .replaceAll(/[^A-Za-z0-9_-]/g, (byte) => `~${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** A directory's name as a table's; undefined for a directory that is nobody's table. */
export function tableName(directory: string): string {
  return decodeURIComponent(directory.replaceAll('~', '%'));
}
