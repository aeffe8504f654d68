import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { MIRROR_MODES, type MirrorMode } from './mirror.ts';

/** Body of `POST /v1/mirrors`. */
export class CreateMirror {
  /** `schema.table` in the lakehouse; the schema ends at the first dot. */
  @IsString()
  @Matches(/^[^.]+\..+$/s, { message: 'source must be schema.table' })
  @MaxLength(400)
  source!: string;

  /** `schema.table` to be made in Postgres. */
  @IsString()
  @Matches(/^[^.\0]{1,63}\.[^\0]{1,63}$/s, { message: 'target must be schema.table, of at most 63 characters each' })
  target!: string;

  /** `incremental` reads only what changed between two versions; `snapshot` reads every row whenever there is a newer version. */
  @IsIn(MIRROR_MODES)
  mode!: MirrorMode;

  /** Columns of the source that name a row: the target's primary key. */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  key!: string[];

  /** How often it is refreshed, ms; absent: once now, then when asked. */
  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  everyMs?: number;
}
