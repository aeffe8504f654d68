import type { JsonValue } from '#contracts/topics/json';

/**
 * Reads PostgreSQL's array text (manual, 8.15.6) into nested lists, each element through `encode`; NULL elements are null.
 * Explicit bounds (`[0:1]={…}`) are left out.
 */
export function encodeArray(text: string, delimiter: string, encode: (element: string) => JsonValue): JsonValue[] {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  const reader = { text, at: start };
  return readList(reader, delimiter, encode);
}

interface ArrayReader {
  text: string;
  at: number;
}

function readList(reader: ArrayReader, delimiter: string, encode: (element: string) => JsonValue): JsonValue[] {
  const items: JsonValue[] = [];
  reader.at += 1;
  while (reader.at < reader.text.length && reader.text[reader.at] !== '}') {
    items.push(reader.text[reader.at] === '{' ? readList(reader, delimiter, encode) : readElement(reader, delimiter, encode));
    if (reader.text[reader.at] === delimiter) reader.at += 1;
  }
  reader.at += 1;
  return items;
}

function readElement(reader: ArrayReader, delimiter: string, encode: (element: string) => JsonValue): JsonValue {
  if (reader.text[reader.at] === '"') return encode(readQuoted(reader));
  const start = reader.at;
  while (reader.at < reader.text.length && reader.text[reader.at] !== delimiter && reader.text[reader.at] !== '}') reader.at += 1;
  const element = reader.text.slice(start, reader.at);
  return element === 'NULL' ? null : encode(element);
}

function readQuoted(reader: ArrayReader): string {
  let value = '';
  reader.at += 1;
  while (reader.at < reader.text.length && reader.text[reader.at] !== '"') {
    if (reader.text[reader.at] === '\\') reader.at += 1;
    value += reader.text[reader.at] ?? '';
    reader.at += 1;
  }
  reader.at += 1;
  return value;
}
