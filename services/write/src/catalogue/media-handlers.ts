import type { TableName } from '#libs/postgres/identifiers';

/** An aggregate over rows, or a function, whose result is a domain named after a media type: what the database writes itself. */
export interface MediaHandler {
  /** Lower case: `text/tab-separated-values`, or the wildcard of all types. */
  accepts: string;
  /** What is sent: never a wildcard. */
  mediaType: string;
  /** Relation or function that it is of; undefined: any. */
  target?: TableName;
  /** Complete SQL of the aggregate; undefined for a function that returns the domain itself. */
  aggregate?: string;
  /** Whether its result is bytes, not text. */
  bytes: boolean;
}
