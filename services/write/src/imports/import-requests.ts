import { IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';

/** Body of `POST /v1/imports`. */
export class ImportRequest {
  @IsString()
  @Length(1, 200)
  table!: string;

  /** The first exposed one by default. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  schema?: string;

  /** `csv`: RFC 4180 with a header; an empty field without quotes is null. `ndjson`: one JSON object a line. */
  @IsIn(['csv', 'ndjson'])
  format!: 'csv' | 'ndjson';

  /** What a line that is refused does to the others; default all-or-nothing. */
  @IsOptional()
  @IsIn(['all-or-nothing', 'skip-bad'])
  mode?: 'all-or-nothing' | 'skip-bad';
}
