import type { RowAnswer } from '../row-request.ts';

/**
 * Pages of any origin may call, as they may PostgREST (Fetch standard, "CORS protocol"): who asks is told by a token that the page must have, never by a
 * cookie, so there is nothing that another page's user lends it.
 */
export const CROSS_ORIGIN: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'Content-Disposition, Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Lakeloop-As-Of, Link, Location, Preference-Applied, Server, Transfer-Encoding, Range-Unit',
};

const ALWAYS = ['Accept', 'Accept-Language', 'Content-Language'];

/** What a browser asks before the request itself; undefined for another OPTIONS. */
export function preflight(headers: Readonly<Record<string, string | undefined>>): RowAnswer | undefined {
  if (headers['origin'] === undefined || headers['access-control-request-method'] === undefined) return undefined;
  const asked = (headers['access-control-request-headers'] ?? '').split(',').map((name) => name.trim());
  const allowed = ['Authorization', ...asked.filter((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)), ...ALWAYS];
  return {
    status: 200,
    headers: {
      'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD',
      'access-control-allow-headers': [...new Set(allowed)].join(', '),
      'access-control-max-age': '86400',
    },
    body: undefined,
  };
}
