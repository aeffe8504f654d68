import type { FileValue } from '#contracts/http/files';
import { bytesInWords } from '../transfer/in-bytes.ts';
import type { CellValue } from './grid-column.ts';

/** The file that a cell's text is; undefined for what is none. */
export function fileOf(value: CellValue | undefined): FileValue | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const { id, name, type, size, sha256 } = JSON.parse(value) as Partial<FileValue>;
    if (typeof id !== 'string' || typeof name !== 'string' || typeof size !== 'number') return undefined;
    return { id, name, type: String(type), size, sha256: String(sha256) };
  } catch {
    return undefined;
  }
}

/** `scan.pdf, 12 kB` */
export function fileInWords({ name, size }: FileValue): string {
  return `${name}, ${bytesInWords(size)}`;
}
