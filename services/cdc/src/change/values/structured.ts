import { asText, type ValueEncoder } from './encoder.ts';
import { asFloat } from './number.ts';

const PAIR = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:, |$)/gsy;

/** A string that holds JSON. Written by hand: a JavaScript object would reorder keys and lose `__proto__`. */
export const asHstore: ValueEncoder = (text) => {
  const pairs: string[] = [];
  let end = 0;
  for (const match of text.matchAll(PAIR)) {
    const [whole, key = '', value] = match;
    pairs.push(`${JSON.stringify(unescape(key))}:${value === undefined ? 'null' : JSON.stringify(unescape(value))}`);
    end = match.index + whole.length;
  }
  return asText(end === text.length ? `{${pairs.join(',')}}` : text);
};

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1');
}

/** `(x,y)` with its well-known binary (little-endian, type 1), as Debezium writes a point. */
export const asPoint: ValueEncoder = (text) => {
  const match = /^\(([^,]+),([^,]+)\)$/.exec(text);
  if (!match) return asText(text);
  const [, x = '', y = ''] = match;
  const wkb = Buffer.alloc(21);
  wkb[0] = 1;
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(Number(x), 5);
  wkb.writeDoubleLE(Number(y), 13);
  return `{"x":${asFloat(x)},"y":${asFloat(y)},"wkb":"${wkb.toString('base64')}","srid":null}`;
};
