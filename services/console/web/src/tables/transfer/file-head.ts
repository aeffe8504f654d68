/** What the beginning of a file says of it. */
export interface FileHead {
  format: 'csv' | 'ndjson';
  /** Names of its columns, in order. */
  names: string[];
  /** The first rows, as texts, by column; null where nothing is. */
  rows: (string | null)[][];
  /** Why it can't be imported as it is; undefined: it can. */
  problem: string | undefined;
}

/** Rows of the preview. */
const MOST_ROWS = 20;

/** Reads the beginning of a file, cut off anywhere: `whole` says that there is no more of it. */
export function headOf(fileName: string, start: string, whole: boolean): FileHead {
  const text = start.replace(/^\uFEFF/, '');
  if (text.trim() === '') return { format: 'csv', names: [], rows: [], problem: 'The file is empty.' };
  return /\.(ndjson|jsonl|json)$/i.test(fileName) || text.trimStart().startsWith('{') ? jsonHead(text, whole) : csvHead(text, whole);
}

function csvHead(text: string, whole: boolean): FileHead {
  const [header, ...records] = csvRecords(text, whole).filter((record) => record.length > 1 || record[0] !== null);
  const names = (header ?? []).map((name) => name ?? '');
  const rows = records.slice(0, MOST_ROWS);
  return { format: 'csv', names, rows, problem: csvProblem(names) };
}

function csvProblem(names: readonly string[]): string | undefined {
  const [only] = names;
  if (names.length === 1 && only !== undefined && /[;\t|]/.test(only))
    return 'Its columns are not separated by commas. Save it as CSV with commas, UTF-8, and choose it again.';
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  return twice === undefined ? undefined : `It has the column “${twice}” twice. Give one of them another name.`;
}

/**
 * Records of CSV (RFC 4180), as the service reads them: an empty field without quotes is null. The last one is left out where the file goes on, for it may be cut
 * off. What the service will refuse (text behind a quote) is read somehow: this is for looking.
 */
export function csvRecords(text: string, whole: boolean): (string | null)[][] {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    const [value, end] = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    record.push(value);
    at = end;
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) record.push(null);
      continue;
    }
    const ended = at < text.length;
    if (ended || whole) records.push(record);
    record = [];
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
  return records;
}

function bareField(text: string, start: number): [string | null, number] {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return [end === start ? null : text.slice(start, end), end];
}

function quotedField(text: string, start: number): [string, number] {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return [value + text.slice(at), text.length];
    value += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      value += '"';
      at = quote + 2;
      continue;
    }
    const [rest, end] = bareField(text, quote + 1);
    return [value + (rest ?? ''), end];
  }
}

function jsonHead(text: string, whole: boolean): FileHead {
  const lines = text.split('\n');
  const complete = (whole ? lines : lines.slice(0, -1)).filter((line) => line.trim() !== '');
  const objects: Record<string, unknown>[] = [];
  for (const line of complete.slice(0, MOST_ROWS)) {
    const object = objectOf(line);
    if (object === undefined) {
      const problem = text.trimStart().startsWith('[')
        ? 'It is one JSON array. An import takes one object a line (NDJSON).'
        : 'Not every line is a JSON object.';
      return { format: 'ndjson', names: [], rows: [], problem };
    }
    objects.push(object);
  }
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const rows = objects.map((object) => names.map((name) => shown(object[name])));
  return { format: 'ndjson', names, rows, problem: names.length === 0 ? 'It has no object with members in its first lines.' : undefined };
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
