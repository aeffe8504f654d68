import { changeValue, type ChangeValue, type Operation } from '#contracts/topics/change-event';
import { HEADER } from '#contracts/topics/headers';
import { parseJson, stringifyJson } from '#contracts/topics/json';

/** A record as the change log gives it. */
export interface RawRecord {
  offset: bigint;
  value: Buffer;
  headers: Readonly<Record<string, string>>;
}

/** A change, ready to be staged. */
export interface StagedLine {
  /** One line of JSON, without the newline: `o` offset, `c` change type, `m` commit time in µs, `l` LSN, `n` ordinal, `a` actor, `t` trace id, `r` the row as the topic has it. */
  line: string;
  /** Names of the row's columns. */
  names: readonly string[];
  /** Commit time, ms. */
  committedAtMs: number;
  schema: string;
  table: string;
}

const CHANGE: Readonly<Record<Operation, string>> = { c: 'insert', u: 'update', d: 'delete', t: 'truncate', r: 'snapshot' };
const OPENING = '{"before":null,"after":{';

/** The line for a record. Throws `SyntaxError` or `TypeError` for what is no change event. */
export function stageLine({ offset, value, headers }: RawRecord): StagedLine {
  const text = value.toString('utf8');
  // Digits beyond a double don't matter here: the row's text is handed on as it is.
  const event = JSON.parse(text) as ChangeValue;
  checkEvent(event);
  const { op, source } = event;
  const row = op === 'd' ? event.before : event.after;
  const position = positionOf(headers[HEADER.id], source.lsn);
  const actor = headers[HEADER.verified] === 'false' ? undefined : headers[HEADER.actor];
  const trace = /^[\da-f]{2}-([\da-f]{32})-/.exec(headers[HEADER.traceparent] ?? '')?.[1];
  const line =
    `{"o":${offset},"c":"${CHANGE[op]}","m":${source.ts_us},"l":${position.lsn},"n":${position.ordinal}` +
    `${actor === undefined ? '' : `,"a":${JSON.stringify(actor)}`}${trace === undefined ? '' : `,"t":"${trace}"`},"r":${row === null ? 'null' : rowText(text, event)}}`;
  return { line, names: row === null ? [] : Object.keys(row), committedAtMs: source.ts_ms, schema: source.schema, table: source.table };
}

/** The row's own text out of the event's, digits and all: cut out where the event is laid out as ours are, else written again. */
function rowText(text: string, { op, before }: ChangeValue): string {
  if (op !== 'd' && before === null && text.startsWith(OPENING) && !text.includes('\n')) {
    // Inside a string a quote follows a backslash, so this can only be the envelope's own member; the last, since nothing like it follows.
    const end = text.lastIndexOf(',"source":{"version":');
    if (end > 0) return text.slice(OPENING.length - 1, end);
  }
  const event = parseJson(text) as unknown as ChangeValue;
  return stringifyJson((op === 'd' ? event.before : event.after) ?? {});
}

/** As far as it matters here, by hand: a schema library takes longer than all else together. */
function checkEvent(event: ChangeValue): void {
  const isRow = (row: unknown): boolean => typeof row === 'object' && row !== null && !Array.isArray(row);
  const { op, source, before, after } = event;
  const sourceIsWhole = isRow(source) && Number.isSafeInteger(source.ts_us) && typeof source.schema === 'string' && typeof source.table === 'string';
  const rowIsThere = op === 't' || (op === 'd' ? isRow(before) : isRow(after) && (before === null || before === undefined || isRow(before)));
  if (sourceIsWhole && Object.hasOwn(CHANGE, op) && rowIsThere) return;
  if ((op as string) === 'p') throw new TypeError('capture parked this change: see its dead-letter topic');
  const reason = changeValue.safeParse(event).error?.issues[0];
  throw new TypeError(`not a change event${reason ? `: ${reason.path.join('.')} ${reason.message}` : ''}`);
}

let lastHex = '';
let lastLsn = '0';

/** From the event id; a foreign producer has none: then the change's own LSN. */
function positionOf(id: string | undefined, lsn: number | bigint | null): { lsn: string; ordinal: string } {
  const match = /^\d+:\d+:([\dA-F]{16}):(\d{1,15})$/.exec(id ?? '');
  if (!match) return { lsn: String(lsn ?? 0), ordinal: '0' };
  const [, hex = '0', ordinal = '0'] = match;
  // Changes of a transaction come together.
  if (hex !== lastHex) [lastHex, lastLsn] = [hex, BigInt(`0x${hex}`).toString()];
  return { lsn: lastLsn, ordinal };
}
