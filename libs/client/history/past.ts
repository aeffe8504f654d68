import { PostgrestClient } from '@supabase/postgrest-js';
import type { Http } from '../http.ts';

/** The checkpoint that a read of the past saw. */
export interface Moment {
  /** When, ISO 8601 in UTC. */
  at: string;
  /** Its number, which means the same for ever: `asOf(version)` reads the same again. */
  version: string;
}

/** A time (a text is ISO 8601, in UTC where it has no zone), or the number of a checkpoint. */
export type AsOf = Date | string | number;

/**
 * The row API as of a moment: reads alone, all of them whole (docs/history.md). Errors are postgrest-js's: `PGRST135` for no moment or one that has not come,
 * `PGRST136` for one before the table was adopted or that is no longer kept, `PGRST127` for a write, a view or a table that is not adopted.
 */
export class Past<Database> {
  readonly rows: PostgrestClient<Database>;
  #moment: Moment | undefined;

  constructor(http: Http, moment: AsOf) {
    const asOf = moment instanceof Date ? moment.toISOString() : String(moment);
    this.rows = new PostgrestClient<Database>(http.url('/rest/v1'), {
      fetch: async (input, init) => {
        const url = new URL(input instanceof Request ? input.url : input);
        url.searchParams.append('asOf', asOf);
        const response = await http.fetch(url, init);
        this.#moment = momentOf(response.headers.get('lakeloop-as-of')) ?? this.#moment;
        return response;
      },
    });
  }

  /** What the last answer was read as of: the last checkpoint at or before the moment asked for. Undefined before the first answer. */
  get moment(): Moment | undefined {
    return this.#moment;
  }

  /** A table of the default schema. */
  from: PostgrestClient<Database>['from'] = (...args: Parameters<PostgrestClient<Database>['from']>) => this.rows.from(...args);

  /** Another schema. */
  schema: PostgrestClient<Database>['schema'] = ((...args: Parameters<PostgrestClient<Database>['schema']>) =>
    this.rows.schema(...args)) as PostgrestClient<Database>['schema'];
}

/** `2026-01-02T03:04:04.512345Z; version=812` */
function momentOf(header: string | null): Moment | undefined {
  const [, at, version] = /^(\S+); version=(\d+)$/.exec(header ?? '') ?? [];
  return at === undefined || version === undefined ? undefined : { at, version };
}
