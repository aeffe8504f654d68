const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`;
/** RFC 9110 §8.3.1. */
const MEDIA_TYPE = new RegExp(String.raw`^${TOKEN}/${TOKEN}(?:[ \t]*;[ \t]*${TOKEN}=(?:${TOKEN}|"(?:[ !#-\[\]-~]|\\[ -~])*"))*$`);
const MOST_CHARACTERS = 255;
const UNKNOWN = 'application/octet-stream';
/** What a browser shows without running anything of it. */
const HARMLESS = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'text/plain']);

/** A media type as it was given, where it is one. */
export function mediaTypeOf(header: string | undefined): string {
  const type = header?.trim() ?? '';
  return type.length <= MOST_CHARACTERS && MEDIA_TYPE.test(type) ? type : UNKNOWN;
}

/** Whether a file of this type may be shown in place rather than saved. */
export function mayBeShown(type: string): boolean {
  return HARMLESS.has((type.split(';')[0] ?? '').trim().toLowerCase());
}
