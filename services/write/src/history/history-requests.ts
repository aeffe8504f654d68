import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsISO8601, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

const ID = /^[1-9]\d{0,18}$/;

/** The table's schema; the first exposed one by default. */
export class OfSchema {
  @IsOptional()
  @IsString()
  @MaxLength(200)
  schema?: string;
}

/** Query of `GET /v1/history/{table}`. */
export class HistoryRequest extends OfSchema {
  /** The row's primary key, as a JSON object of its columns, or as the bare value where there is one column; absent: all rows. */
  @IsOptional()
  @IsString()
  @MaxLength(8_000)
  key?: string;

  /** Changes older than this one: `next` of the page before. */
  @IsOptional()
  @Matches(ID, { message: 'before must be the id of a change' })
  before?: string;

  @IsOptional()
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;

  /** Changes of this actor alone. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  actor?: string;

  /** Changes at this time or later, ISO 8601. */
  @IsOptional()
  @IsISO8601()
  since?: string;

  /** Changes before this time, ISO 8601. */
  @IsOptional()
  @IsISO8601()
  until?: string;
}

/** Query of `GET /v1/history/{table}/compare`. */
export class CompareRequest extends OfSchema {
  /** As in `GET /v1/history/{table}`. */
  @IsString()
  @MaxLength(8_000)
  key!: string;

  /** The change that made the one version. */
  @Matches(ID, { message: 'from must be the id of a change' })
  from!: string;

  /** The change that made the other. */
  @Matches(ID, { message: 'to must be the id of a change' })
  to!: string;
}

/** Body of `POST /v1/history/{table}/restore`. */
export class RestoreRequest extends OfSchema {
  /** As in `GET /v1/history/{table}`. */
  @IsString()
  @MaxLength(8_000)
  key!: string;

  /** The change after which the row was as it shall be again. */
  @Matches(ID, { message: 'change must be the id of a change' })
  change!: string;

  /** The newest change that you know of: a newer one refuses the restore. */
  @IsOptional()
  @Matches(ID, { message: 'latest must be the id of a change' })
  latest?: string;

  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}

/** Body of `POST /v1/undo`: exactly one of `change`, `request` and `trace`. */
export class UndoRequest {
  /** Id of one change. */
  @IsOptional()
  @Matches(ID, { message: 'change must be the id of a change' })
  change?: string;

  /** `request` of a change: everything that this request changed. */
  @IsOptional()
  @Matches(ID, { message: 'request must be the request of a change' })
  request?: string;

  /** Trace id: everything that was changed under it. */
  @IsOptional()
  @Matches(/^[0-9a-f]{32}$/, { message: 'trace must be 32 hexadecimal digits' })
  trace?: string;

  /** Whether to put values back that somebody changed since. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  /** Say what would be done, and do nothing. */
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}
