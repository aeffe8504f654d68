import { ApiError } from './api-error.ts';

/**
 * Row versions named by `If-Match` (RFC 9110 §13.1.1): a list of `"<xmin>"`; null for `*`; undefined without the header. A weak
 * tag never matches, and neither does one that is no row version of ours.
 */
export function parseIfMatch(header: string | undefined): readonly string[] | null | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  if (header.trim() === '*') return null;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag)))
    throw new ApiError(400, 'PGRST100', 'failed to parse the If-Match header', { hint: 'Send the ETag of the row as it came, in double quotes, or *.' });
  return tags.filter((tag) => tag.startsWith('"')).map((tag) => tag.slice(1, -1));
}

export function formatEtag(version: string): string {
  return `"${version}"`;
}

/** `If-Match` guards one row, named by its key; anything else could half-match. */
export function requireKey(byKey: boolean): void {
  if (byKey) return;
  throw new ApiError(400, 'PGRST128', 'If-Match needs a single row', {
    details: 'The filters do not fix every column of the primary key.',
    hint: 'Filter every primary-key column with eq.',
  });
}

export function preconditionFailed(): ApiError {
  return new ApiError(412, 'PGRST129', 'The row is not the version that If-Match names', {
    details: 'It was changed or deleted since, or you may not see it.',
    hint: 'Read the row again, and send its new ETag.',
  });
}
