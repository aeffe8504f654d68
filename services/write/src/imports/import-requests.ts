import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsOptional, IsString, Length, MaxLength, ValidateNested } from 'class-validator';

/** A name in a file, and the column that it means. */
export class MappedField {
  @IsString()
  @MaxLength(10_000)
  name!: string;

  @IsString()
  @Length(1, 63)
  column!: string;
}

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

  /** What is taken of the file, and into which columns; the rest is left out. Without it the names are those of the columns. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_600)
  @ValidateNested({ each: true })
  @Type(() => MappedField)
  columns?: MappedField[];
}
