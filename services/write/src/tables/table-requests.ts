import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { COLUMN_TYPES, type ColumnSpec } from '#contracts/http/tables';
import { IsName, IsScalar } from './name-rules.ts';

/** `?schema=…&dryRun=true` of every request on tables. */
export class TableQuery {
  /** The table's schema; the first exposed one by default. */
  @IsOptional()
  @IsString()
  @MaxLength(63)
  schema?: string;

  /** Say what would be done, and which rows it would lose or break; do nothing. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  dryRun?: boolean;
}

export class ReferenceRequest {
  @IsOptional()
  @IsName()
  schema?: string;

  @IsName()
  table!: string;

  /** A unique column; the primary key by default. */
  @IsOptional()
  @IsName()
  column?: string;
}

/** What people call a table or a column, and say of it. `null` in a change takes it away. */
class Described {
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  description?: string;
}

/** What a column may say of itself, whether new or changed. `null` in a change takes it away. */
class ColumnRules extends Described {
  @IsOptional()
  @IsBoolean()
  required?: boolean;

  @IsOptional()
  @IsBoolean()
  unique?: boolean;

  /** A value, never an expression. */
  @IsOptional()
  @IsScalar()
  default?: string | number | boolean;

  /** Digits in all, of a decimal. */
  @IsOptional()
  @IsInt()
  precision?: number;

  /** Digits behind the point, of a decimal. */
  @IsOptional()
  @IsInt()
  scale?: number;

  @IsOptional()
  @IsScalar()
  min?: number | string;

  @IsOptional()
  @IsScalar()
  max?: number | string;

  /** Regular expression of PostgreSQL that a text matches. */
  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  pattern?: string;

  /** The values of a choice. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  options?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => ReferenceRequest)
  references?: ReferenceRequest;
}

export class ColumnRequest extends ColumnRules {
  @IsName()
  name!: string;

  @IsIn(COLUMN_TYPES)
  type!: NonNullable<ColumnSpec['type']>;
}

/** Body of `POST /v1/tables`. */
export class CreateTableRequest extends Described {
  @IsName()
  name!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => ColumnRequest)
  columns!: ColumnRequest[];

  /** Columns of the primary key; without it the table gets a numbered `id`. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(32)
  @ArrayUnique()
  @IsString({ each: true })
  key?: string[];
}

/** How long a table's history is kept. */
export class HistoryKeepRequest {
  /** ISO 8601, in whole days or longer: P400D, P2Y; null: for ever. */
  @ValidateIf((_request, value) => value !== null)
  @IsString()
  @Matches(/^P(?=.*[1-9])(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?$/, { message: 'keep must be a period of at least a day, such as P400D, or null' })
  keep!: string | null;
}

/** Body of `PATCH /v1/tables/{table}`. */
export class ChangeTableRequest extends Described {
  @IsOptional()
  @IsName()
  name?: string;

  /** The order in which columns are shown. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsString({ each: true })
  columns?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => HistoryKeepRequest)
  history?: HistoryKeepRequest;
}

/** Body of `PATCH /v1/tables/{table}/columns/{column}`. */
export class ChangeColumnRequest extends ColumnRules {
  /** A new name: alone, without other changes. */
  @IsOptional()
  @IsName()
  name?: string;

  @IsOptional()
  @IsIn(COLUMN_TYPES)
  type?: NonNullable<ColumnSpec['type']>;
}
