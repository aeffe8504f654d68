import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import { answerFor, overridden } from '../answer.ts';
import type { Caller } from '../caller.ts';
import { countedRows, type ParsedRequest } from '../compile-request.ts';
import { selectsByKey } from '../compile/key.ts';
import { compileLines, type LineFormat } from '../compile/stream.ts';
import { estimatedTotal } from '../expectation.ts';
import { isKeyset } from '../keyset/keyset.ts';
import type { Answer } from '../media-type.ts';
import type { QueryTrace } from '../query-trace.ts';
import { contentRange, rangeStatus } from '../range.ts';
import type { RowAnswer } from '../row-request.ts';
import { leftBehind, type Session } from '../session.ts';
import type { OpenStream, RowStreams } from './row-streams.ts';
import { type Streamed, streamedRead } from './stream-read.ts';

/** A read of more rows, or of a number that nobody knows, is read through a cursor. */
const MOST_AT_ONCE = 1_000;

export interface LongRead {
  parsed: ParsedRequest;
  relation: Relation;
  catalogue: Catalogue;
  caller: Caller;
  trace: QueryTrace;
  session: Session;
  maxRows: number | undefined;
}

/** How each kind of answer is written line by line; undefined for what the database puts together itself. */
const FORMATS: Readonly<Record<Answer['body'], LineFormat | undefined>> = {
  array: 'array',
  csv: 'csv',
  ndjson: 'ndjson',
  parquet: 'fields',
  object: undefined,
  handler: undefined,
};

export function mayBeLong(parsed: ParsedRequest, relation: Relation): boolean {
  const { method, answer, range, query } = parsed;
  if (method !== 'GET' || answer.plan || FORMATS[answer.body] === undefined || isKeyset(parsed)) return false;
  if (answer.body === 'ndjson' || answer.body === 'parquet') return true;
  return (range.limit === null || range.limit > MOST_AT_ONCE) && !selectsByKey(relation, query.conditions);
}

/** As any read's answer where it is short; else a stream, whose rows nobody has counted unless that was asked. */
export async function longRead(streams: RowStreams, read: LongRead): Promise<RowAnswer> {
  const { parsed, relation, catalogue, caller, trace, maxRows } = read;
  const { answer, range, prefer, query } = parsed;
  const format = FORMATS[answer.body] ?? 'array';
  const lines = compileLines({ relation, catalogue, query, ...range, count: countedRows(prefer, maxRows), format, stripNulls: answer.stripNulls });
  trace.statement('postgres', lines.lines.text);
  const session = format === 'fields' ? withSpelling(read.session) : read.session;
  const call = { governed: catalogue.governed, principal: caller.principal, session, lines };
  const { opened, streamed } = await trace.time('postgres', async () => {
    const stream = await streams.open(call);
    return { opened: stream, streamed: await streamedRead(streams, stream, { lines, format, counted: caller.principal.agent !== undefined }) };
  });
  const total = estimatedTotal(prefer.count, opened.total, opened.after, maxRows);
  return closing(opened, streamed, () => overridden(shown(read, streamed, total), leftBehind(session, opened.after)));
}

function shown({ parsed, relation }: LongRead, streamed: Streamed, total: number | null): RowAnswer {
  if (streamed.kind === 'whole') return answerFor(parsed, { body: streamed.body, total, page: streamed.rows, extra: {} }, relation);
  const { offset, limit } = parsed.range;
  const rows = streamed.rows ?? (total === null ? undefined : Math.max(0, Math.min(limit ?? Infinity, total - offset)));
  const answer = answerFor(parsed, { body: null, total, page: rows ?? 0, extra: {} }, relation);
  const range = rows === undefined ? `*/*` : contentRange(offset, rows, total);
  const status = rows === undefined ? 200 : rangeStatus(offset, rows, total);
  return { ...answer, status, headers: { ...answer.headers, 'content-range': range }, body: streamed.body, ...(rows === undefined ? {} : { rows }) };
}

/** An answer that is refused after all leaves no stream behind. */
async function closing(opened: OpenStream, streamed: Streamed, work: () => RowAnswer): Promise<RowAnswer> {
  try {
    return work();
  } catch (error) {
    if (streamed.kind === 'stream') streamed.body.destroy();
    await opened.cursor.close();
    throw error;
  }
}

/** A file's texts are spelled as ../../exports/parquet-file.ts reads them. */
function withSpelling(session: Session): Session {
  const spelling: [string, string][] = [
    ['DateStyle', 'ISO'],
    ['TimeZone', 'UTC'],
    ['bytea_output', 'hex'],
    ['extra_float_digits', '1'],
  ];
  return { ...session, settings: [...session.settings, ...spelling] };
}
