import { CsvError, parse } from 'csv-parse';
import type { Readable } from 'node:stream';
import { ProblemException } from '#libs/runtime/http/problem';

/** One record of an import. */
export interface ImportRecord {
  /** Line that it begins on, from 1. */
  line: number;
  /** Bytes of the body up to its end. */
  end: number;
  /** Fields of a CSV record, null for an empty one without quotes; or the text of a JSON object. */
  value: (string | null)[] | string;
}

export interface Position {
  bytes: number;
  lines: number;
}

/** No field is longer than this, bytes: a quote that is never closed must not collect the rest of the file. */
const MOST_FIELD = 16 * 1024 * 1024;

/** Records of a CSV body (RFC 4180), from a position on; the first one is the header where the position is 0. A quote out of place is 422 and names the line. */
export async function* csvRecords(body: Readable, { bytes, lines }: Position): AsyncGenerator<ImportRecord> {
  const parser = body.pipe(
    parse({
      bom: bytes === 0,
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
      max_record_size: MOST_FIELD,
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    }),
  );
  body.once('error', (error) => parser.destroy(error));
  let last = lines;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: (string | null)[]; info: { lines: number; bytes: number } }>) {
      yield { line: last + 1, end: bytes + info.bytes, value: record };
      last = lines + info.lines;
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new ProblemException(422, 'invalid-csv', `${error.message}${lines === 0 ? '' : ` (lines of this part; ${lines} came before it)`}`);
    throw error;
  }
}

const NEWLINE = 0x0a;

/** Records of a body of JSON objects, one a line; blank lines are passed over. */
export async function* ndjsonRecords(body: Readable, { bytes, lines }: Position): AsyncGenerator<ImportRecord> {
  let rest: Buffer = Buffer.alloc(0);
  let [end, line] = [bytes, lines];
  const record = (piece: Buffer): ImportRecord | undefined => {
    end += piece.length;
    line += 1;
    const value = piece.toString('utf8').trim();
    return value === '' ? undefined : { line, end, value };
  };
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, start)) {
      const found = record(data.subarray(start, at + 1));
      start = at + 1;
      if (found) yield found;
    }
    rest = data.subarray(start);
    if (rest.length > MOST_FIELD) throw new ProblemException(422, 'invalid-json', `line ${line + 1} is longer than ${MOST_FIELD} bytes`);
  }
  const found = rest.length === 0 ? undefined : record(rest);
  if (found) yield found;
}
