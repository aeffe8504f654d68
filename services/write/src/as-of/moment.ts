import type pg from 'pg';
import { utcText } from '#libs/postgres/utc-text';
import { ApiError } from '../rows/api-error.ts';

/** A checkpoint. */
export interface Moment {
  id: string;
  /** ISO 8601, UTC, microseconds. */
  at: string;
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const COLUMNS = `c.id::text, ${utcText('c.at')} as at`;
const BY_VERSION = `select ${COLUMNS} from audit.checkpoint c where c.id = $1::bigint`;
const BY_TIME = `select ${COLUMNS} from audit.checkpoint c where c.at <= $1::timestamptz order by c.at desc, c.id desc limit 1`;

/** The last checkpoint at or before a time, or the one of a number. */
export async function momentOf(pool: pg.Pool, asOf: string): Promise<Moment> {
  if (/^\d{1,18}$/.test(asOf)) return found(await pool.query<Moment>(BY_VERSION, [asOf]), asOf);
  const time = timeOf(asOf);
  const future = await pool.query<{ future: boolean }>('select $1::timestamptz > clock_timestamp() as future', [time]);
  if (future.rows[0]?.future) throw notAMoment(asOf, 'That time has not come yet.');
  return found(await pool.query<Moment>(BY_TIME, [time]), asOf);
}

function timeOf(asOf: string): string {
  const match = TIME.exec(asOf);
  if (!match) throw notAMoment(asOf, 'It is neither a time (2026-01-02T03:04:05Z; a plus sign is %2B in a URL) nor the number of a checkpoint.');
  if (match.groups?.['zone'] !== undefined) return asOf;
  return asOf.length === 10 ? `${asOf}T00:00:00Z` : `${asOf}Z`;
}

function found({ rows: [moment] }: pg.QueryResult<Moment>, asOf: string): Moment {
  if (moment) return moment;
  throw forgotten(`Nothing is known as of ${asOf}`, 'It is before the first checkpoint that is kept, or there is none of that number.');
}

/** 410: what was then is not known, or no longer. */
export function forgotten(message: string, details: string): ApiError {
  return new ApiError(410, 'PGRST136', message, { details, hint: 'Ask for a later time.' });
}

function notAMoment(asOf: string, details: string): ApiError {
  return new ApiError(400, 'PGRST135', `'${asOf.slice(0, 100)}' is no moment of the past`, { details });
}
