import { IsNotEmpty, IsOptional, IsPositive, IsString, Matches, MaxLength } from 'class-validator';

/** Body of `POST /v1/snapshots`. */
export class RequestSnapshot {
  /** `schema.table`; the schema ends at the first dot. */
  @IsString()
  @Matches(/^[^.]+\..+$/s, { message: 'table must be schema.table' })
  @MaxLength(200)
  table!: string;

  /** SQL condition over the table's columns, run read only as capture's login. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(10_000)
  where?: string;

  /** Key of a record, as the table's topic has it (JSON text): the rows under it alone. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  key?: string;

  @IsOptional()
  @IsPositive()
  maxRowsPerSecond?: number;
}
