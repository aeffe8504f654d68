import { ApiError } from '../api/api-error.ts';
import { deleteRows, inList, insertRows, newIntent, readVersioned, type Row, updateVersioned, type Versioned } from '../api/rows.ts';
import { type Adjustment, adjustmentOf } from './adjustment.ts';
import { SCHEMA } from './planning-data.ts';
import type { Team } from './reference.ts';

/** Ids in one request's address: about 4 kB. */
const CHUNK = 400;

/** An entry and the version of its row. */
export interface VersionedEntry {
  entry: Adjustment;
  etag: string;
}

/** The requests behind a team's grid. */
export class TeamWrites {
  readonly #table: string;

  constructor(team: Team) {
    this.#table = `${team}_adjustments`;
  }

  async read(id: string, signal?: AbortSignal): Promise<VersionedEntry | undefined> {
    return versioned(await readVersioned(SCHEMA, this.#table, keyOf(id), signal));
  }

  /** All of them or none. */
  async insert(rows: readonly Row[]): Promise<Adjustment[]> {
    return (await insertRows(SCHEMA, this.#table, rows, newIntent())).map(adjustmentOf);
  }

  async update(id: string, change: Row, etag: string): Promise<VersionedEntry> {
    const found = versioned(await updateVersioned({ schema: SCHEMA, table: this.#table, key: keyOf(id), etag }, change, newIntent()));
    if (!found) throw new ApiError(412, 'The row is gone.');
    return found;
  }

  /** What was changed after `seenUntil` stays. Gives back what went. */
  async remove(ids: readonly string[], seenUntil: string | undefined): Promise<Adjustment[]> {
    const removed: Row[] = [];
    for (let from = 0; from < ids.length; from += CHUNK) {
      const query = new URLSearchParams({ id: inList(ids.slice(from, from + CHUNK)), ...(seenUntil === undefined ? {} : { updated_at: `lte.${seenUntil}` }) });
      removed.push(...(await deleteRows(SCHEMA, this.#table, query, newIntent())));
    }
    return removed.map(adjustmentOf);
  }
}

function keyOf(id: string): URLSearchParams {
  return new URLSearchParams({ id: `eq.${id}` });
}

function versioned(found: Versioned | undefined): VersionedEntry | undefined {
  return found && { entry: adjustmentOf(found.row), etag: found.etag };
}
