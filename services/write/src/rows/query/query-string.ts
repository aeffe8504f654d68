import { ApiError } from '../api-error.ts';

/** Splits and decodes a query string (without `?`): pairs in order, `+` as a blank. A broken escape or a NUL is refused with its place. */
export function splitQueryString(text: string): (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  let column = 1;
  for (const part of text.split('&')) {
    if (part !== '') {
      const equals = part.indexOf('=');
      const name = equals === -1 ? part : part.slice(0, equals);
      pairs.push([decode(name, column), equals === -1 ? '' : decode(part.slice(equals + 1), column + equals + 1)]);
    }
    column += part.length + 1;
  }
  return pairs;
}

function decode(text: string, column: number): string {
  const decoded = text.includes('%') || text.includes('+') ? unescape(text, column) : text;
  if (decoded.includes('\0')) throw malformed('a NUL character', column);
  return decoded;
}

function unescape(text: string, column: number): string {
  try {
    // A percent sign that begins no escape is itself: patterns are full of them.
    return decodeURIComponent(text.replaceAll('+', ' ').replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    throw malformed('a percent escape that is not UTF-8', column);
  }
}

function malformed(what: string, column: number): ApiError {
  return new ApiError(400, 'PGRST100', `"failed to parse query string" (line 1, column ${column})`, {
    details: `${what} in the parameter at column ${column} of the query string`,
    hint: 'Percent-encode names and values as UTF-8.',
  });
}
