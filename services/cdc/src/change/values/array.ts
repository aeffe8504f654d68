import { asText, type ValueEncoder } from './encoder.ts';

/**
 * PostgreSQL's array text (`{1,NULL,"a b"}`, nested for more dimensions, bounds before it dropped) to a JSON array of encoded elements.
 * Text that is no array stays text.
 */
export function arrayEncoder(element: ValueEncoder, delimiter: string): ValueEncoder {
  return (text) => {
    const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
    const reader = new ArrayReader(text, start, delimiter, element);
    return reader.read() ?? asText(text);
  };
}

class ArrayReader {
  readonly #text: string;
  readonly #delimiter: string;
  readonly #element: ValueEncoder;
  #offset: number;

  constructor(text: string, offset: number, delimiter: string, element: ValueEncoder) {
    this.#text = text;
    this.#offset = offset;
    this.#delimiter = delimiter;
    this.#element = element;
  }

  /** Null when the text is malformed. Depth is kept in the output itself, so that no nesting overflows the stack. */
  read(): string | null {
    let out = '';
    let depth = 0;
    while (this.#offset < this.#text.length) {
      const char = this.#text.charAt(this.#offset);
      if (char === '{') {
        depth += 1;
        out += '[';
        this.#offset += 1;
      } else if (char === '}') {
        depth -= 1;
        out += ']';
        this.#offset += 1;
        if (depth === 0) return this.#offset === this.#text.length ? out : null;
      } else if (char === this.#delimiter) {
        out += ',';
        this.#offset += 1;
      } else if (depth === 0) return null;
      else out += char === '"' ? this.#quoted() : this.#bare();
    }
    return null;
  }

  #quoted(): string {
    let value = '';
    let from = this.#offset + 1;
    for (let at = from; at < this.#text.length; at += 1) {
      const char = this.#text.charCodeAt(at);
      if (char === 0x5c) {
        value += this.#text.slice(from, at);
        from = at + 1;
        at += 1;
      } else if (char === 0x22) {
        this.#offset = at + 1;
        return this.#element(value + this.#text.slice(from, at));
      }
    }
    this.#offset = this.#text.length;
    return '';
  }

  #bare(): string {
    let end = this.#offset;
    while (end < this.#text.length && this.#text.charAt(end) !== this.#delimiter && this.#text.charAt(end) !== '}') end += 1;
    const value = this.#text.slice(this.#offset, end);
    this.#offset = end;
    return value === 'NULL' ? 'null' : this.#element(value);
  }
}
