import { asText, type ValueEncoder } from './encoder.ts';

/** `\x…` to base64. */
export const asBytes: ValueEncoder = (text) => (text.startsWith('\\x') ? `"${Buffer.from(text.slice(2), 'hex').toString('base64')}"` : asText(text));

/** bit(1), varbit(1). */
export const asBit: ValueEncoder = (text) => (text === '1' ? 'true' : 'false');

/** The bits as a number, its bytes little-endian, as many as the bits need. */
export const asBits: ValueEncoder = (text) => {
  const bytes = Buffer.alloc(Math.ceil(text.length / 8));
  for (let place = 0; place < text.length; place += 1) {
    if (text.charCodeAt(text.length - 1 - place) === 0x31) bytes[place >> 3] = (bytes[place >> 3] as number) | (1 << (place & 7));
  }
  return `"${bytes.toString('base64')}"`;
};
