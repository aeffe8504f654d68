/** Most bytes of a name, which is what file systems take. */
const MOST_BYTES = 255;
/** Of an extension that is kept where a name is cut. */
const MOST_EXTENSION_BYTES = 20;
/** Characters that show nothing, or turn the order of what follows: `gpj.exe` may look like `exe.jpg`. */
const UNSEEN = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const PARAMETER = /;\s*([\w!#$&+.^`|~-]+\*?)\s*=\s*("(?:\\.|[^"\\])*"|[^;"\s]+)/g;

/**
 * The name in a `Content-Disposition` (RFC 6266; `filename*` before `filename`), as a name alone: without folders, control characters and those that show
 * nothing, in at most 255 bytes of UTF-8. `file` where none is left.
 */
export function nameOf(disposition: string | undefined): string {
  const parameters = new Map([...utf8(disposition ?? '').matchAll(PARAMETER)].map(([, name = '', value = '']) => [name.toLowerCase(), unquoted(value)]));
  return cleaned(extended(parameters.get('filename*')) ?? parameters.get('filename') ?? '');
}

/** Node reads header bytes as Latin-1: what is UTF-8 underneath is read as that. */
function utf8(header: string): string {
  const text = Buffer.from(header, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? header : text;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

/** RFC 8187: `UTF-8''%e2%82%ac`; undefined for what is not that. */
function extended(value: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/i.exec(value ?? '') ?? [];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function cleaned(name: string): string {
  const plain = name
    .toWellFormed()
    .replace(/^.*[/\\](?=[^/\\]*$)/su, '')
    .replaceAll(UNSEEN, '')
    .replaceAll(/\p{Cc}/gu, '_')
    .trim();
  return /^\.*$/.test(plain) ? 'file' : cut(plain);
}

function cut(name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  const [, stem = name, extension = ''] = /^(.+)(\.[^.]+)$/su.exec(name) ?? [];
  const kept = Buffer.byteLength(extension) <= MOST_EXTENSION_BYTES ? extension : '';
  let rest = '';
  let bytes = Buffer.byteLength(kept);
  for (const character of kept === '' ? name : stem) {
    bytes += Buffer.byteLength(character);
    if (bytes > MOST_BYTES) break;
    rest += character;
  }
  return rest + kept;
}
