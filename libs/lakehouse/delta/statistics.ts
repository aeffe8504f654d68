import type { LakeColumn } from '../lake-type.ts';

/** What DuckDB's `COPY … (return_stats)` says of a column: texts by name. */
export type ColumnStatistics = Readonly<Record<string, string>>;

/** Code points of a text that a bound keeps. */
const MOST_TEXT = 32;
/** From about 256 bytes on, the engine tells of a beginning only, which may end amid a character. */
const WHOLE_BYTES = 200;
const LAST_CODE_POINT = '\u{10FFFF}';
const INTEGERS = new Set<unknown>(['long', 'integer', 'short', 'byte']);

/**
 * Statistics of a file as JSON (Delta protocol, "Per-file Statistics"). A bound that can't be given exactly, or safely beyond it, is left out: a reader
 * that skips files by a wrong bound loses rows. And then those of all other columns are, too: the protocol allows that some are there and some are not, but
 * deltalake's Arrow datasets (1.6) take a bound that is missing beside others for one that nothing passes.
 */
export function statisticsOf(rows: number, columns: readonly LakeColumn[], found: ReadonlyMap<string, ColumnStatistics>): string {
  // Entries, since a column may be called `__proto__`.
  const minValues: [string, unknown][] = [];
  const maxValues: [string, unknown][] = [];
  const nullCount: [string, number][] = [];
  let bounded = true;
  for (const column of columns) {
    const statistics = found.get(column.name);
    if (!statistics) continue;
    if (statistics['null_count'] !== undefined) nullCount.push([column.name, Number(statistics['null_count'])]);
    if (column.type === 'binary' || statistics['null_count'] === String(rows)) continue;
    const nan = statistics['has_nan'] === 'true';
    const [min, max] = nan ? [] : [bound(column, statistics['min'], 'min'), bound(column, statistics['max'], 'max')];
    if (min === undefined || max === undefined) {
      bounded = false;
      continue;
    }
    minValues.push([column.name, min]);
    maxValues.push([column.name, max]);
  }
  return JSON.stringify({
    numRecords: rows,
    ...(bounded ? { minValues: Object.fromEntries(minValues), maxValues: Object.fromEntries(maxValues) } : {}),
    nullCount: Object.fromEntries(nullCount),
  });
}

function bound({ type }: LakeColumn, text: string | undefined, side: 'min' | 'max'): unknown {
  if (text === undefined) return undefined;
  if (INTEGERS.has(type)) return /^-?\d+$/.test(text) ? JSON.rawJSON(text) : undefined;
  if (type === 'float' || type === 'double') return Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (typeof type === 'object') return 'decimal' in type && /^-?\d+(\.\d+)?$/.test(text) ? JSON.rawJSON(text) : undefined;
  if (type === 'boolean') return text === '1' || text === 'true';
  if (type === 'string') return textBound(text, side);
  if (type === 'date') return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
  if (type === 'timestamp' || type === 'timestamp_ntz') return timestampBound(text, side, type === 'timestamp');
  return undefined;
}

/** A long text's beginning is below it; the beginning with the last of all characters is above it, unless that comes next anyway. */
function textBound(text: string, side: 'min' | 'max'): string | undefined {
  if (!text.isWellFormed()) return undefined;
  const points = Array.from(text);
  if (points.length <= MOST_TEXT) return text;
  if (side === 'min') return points.slice(0, MOST_TEXT).join('');
  const cut = points.findIndex((point, index) => index >= MOST_TEXT && point !== LAST_CODE_POINT);
  if (cut >= 0) return points.slice(0, cut).join('') + LAST_CODE_POINT;
  return Buffer.byteLength(text) < WHOLE_BYTES ? text : undefined;
}

/** To the millisecond, rounded outwards. */
function timestampBound(text: string, side: 'min' | 'max', zoned: boolean): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text);
  if (!match) return undefined;
  const micros = (match[3] ?? '').padEnd(6, '0');
  const whole = Date.parse(`${match[1]}T${match[2]}.${micros.slice(0, 3)}Z`);
  const outwards = side === 'max' && micros.slice(3) !== '000' ? 1 : 0;
  const iso = new Date(whole + outwards).toISOString();
  return zoned ? iso : iso.slice(0, -1);
}
