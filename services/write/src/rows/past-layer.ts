import type { TableName } from '#libs/postgres/identifiers';
import type { Past } from '../catalogue/catalogue.ts';

/** Tables as they were, for one role. */
export interface PastTables extends Past {
  /** When the checkpoint was taken, ISO 8601 in UTC with microseconds. */
  at: string;
  /** Its number. */
  version: string;
  /** Columns that the role may select and whose past is known, in order. */
  columnsOf(table: TableName): readonly string[];
  /** Whether the role may select every column. */
  readsAll(table: TableName): boolean;
}

/** Where tables are read as of a moment. Every refusal is an `ApiError`. */
export abstract class PastLayer {
  /**
   * `asOf`: a time (ISO 8601; UTC where it has no zone) or the number of a checkpoint. 400 PGRST135 for what is neither, or has not come yet; 410 PGRST136 where
   * nothing is known of that time: before a table was adopted or its key was changed, or past retention.
   */
  abstract at(asOf: string, role: string, tables: readonly TableName[]): Promise<PastTables>;
}
