import type { ByteRange } from './storage/file-storage.ts';

/** What a read of a file is answered with. */
export type Part =
  | { status: 200 }
  | { status: 206; range: ByteRange }
  | { status: 304 }
  | { status: 412 }
  /** No byte of what was asked for is there. */
  | { status: 416 };

export interface FileAsked {
  method: string;
  /** In lower case. */
  headers: Readonly<Record<string, string | undefined>>;
}

/**
 * Preconditions and range of a read, in RFC 9110's order (§13.2.2). The tag is strong, and a file never changes: it has no date. One range is served; several,
 * which a server may ignore (§14.2), get the whole.
 */
export function partOf({ method, headers }: FileAsked, { size, tag }: { size: number; tag: string }): Part {
  const match = headers['if-match'];
  if (match !== undefined && !names(match, tag, false)) return { status: 412 };
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined && names(noneMatch, tag, true)) return { status: 304 };
  const ifRange = headers['if-range'];
  if (method !== 'GET' || headers['range'] === undefined || (ifRange !== undefined && ifRange.trim() !== tag)) return { status: 200 };
  return rangeOf(headers['range'], size);
}

function names(header: string, tag: string, weakly: boolean): boolean {
  return header.split(',').some((each) => {
    const given = each.trim();
    return given === '*' || given === tag || (weakly && given === `W/${tag}`);
  });
}

function rangeOf(header: string, size: number): Part {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.replaceAll(/[ \t]/g, '')) ?? [];
  if (from === '' && to === '') return { status: 200 };
  if (from === '') return Number(to) === 0 || size === 0 ? { status: 416 } : { status: 206, range: { first: Math.max(0, size - Number(to)), last: size - 1 } };
  if (to !== '' && Number(to) < Number(from)) return { status: 200 };
  if (Number(from) >= size) return { status: 416 };
  return { status: 206, range: { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) } };
}
