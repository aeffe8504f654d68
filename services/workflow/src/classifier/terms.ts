/** Longest text that is looked at, in characters: a note is a few sentences. */
const LONGEST = 4_000;

/** Words and pairs of neighbouring words of a text, lower-cased, without accents; long digit runs become `#`, so that a reference number is no word of its own. */
export function terms(text: string): string[] {
  const words = (
    text
      .slice(0, LONGEST)
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).map((word) => (/^\d{5,}$/.test(word) ? '#' : word));
  return [...words, ...words.slice(1).map((word, index) => `${words[index] ?? ''} ${word}`)];
}

/** FNV-1a, 32 bits, over UTF-16 units; `buckets` is a power of two. */
export function bucketOf(term: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < term.length; index += 1) hash = Math.imul(hash ^ term.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) & (buckets - 1);
}
