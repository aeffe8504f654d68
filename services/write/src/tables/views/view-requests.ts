import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { IsName } from '../name-rules.ts';

const MOST_COLUMNS = 1_600;

/** 1 to 80 characters that can be seen, in one line. */
function IsTitle(): PropertyDecorator {
  return ValidateBy({
    name: 'isTitle',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && value.isWellFormed() && value.trim() !== '' && Array.from(value).length <= 80 && !/[\p{Cc}\u2028\u2029]/u.test(value),
      defaultMessage: (given) => `${given?.property ?? 'name'} must be one line of 1 to 80 characters`,
    },
  });
}

/** Texts that PostgreSQL can keep. */
function AreTexts(): PropertyDecorator {
  return ValidateBy({
    name: 'areTexts',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.length <= 1_000 && value.every(isText),
      defaultMessage: (given) => `${given?.property ?? 'values'} must be up to 1,000 texts of at most 4,000 characters`,
    },
  });
}

function AreWidths(): PropertyDecorator {
  return ValidateBy({
    name: 'areWidths',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.entries(value).every(([name, px]) => isText(name) && typeof px === 'number' && px >= 1 && px <= 10_000),
      defaultMessage: (given) => `${given?.property ?? 'widths'} must be pixels by column`,
    },
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 4_000 && value.isWellFormed() && !value.includes('\0');
}

export class ViewSort {
  @IsName()
  column!: string;

  @IsBoolean()
  descending!: boolean;
}

export class ViewFilter {
  @IsName()
  column!: string;

  @Matches(/^[a-z]{1,20}$/, { message: 'operator must be the name of a condition' })
  operator!: string;

  @AreTexts()
  values!: string[];
}

/** `tableView` of contracts/http/table-views.ts. */
export class ViewContent {
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => ViewSort)
  sorts!: ViewSort[];

  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => ViewFilter)
  filters!: ViewFilter[];

  @IsArray()
  @ArrayMaxSize(MOST_COLUMNS)
  @IsName({ each: true })
  hidden!: string[];

  @IsArray()
  @ArrayMaxSize(MOST_COLUMNS)
  @IsName({ each: true })
  order!: string[];

  @AreWidths()
  widths!: Record<string, number>;
}

/** Query of every request on views. */
export class ViewQuery {
  /** The table's schema; the first exposed one by default. */
  @IsOptional()
  @IsString()
  @MaxLength(63)
  schema?: string;
}

/** Body of `POST /v1/tables/{table}/views`. */
export class KeepViewRequest {
  @IsTitle()
  name!: string;

  /** Whether everybody who may read the table sees it. */
  @IsOptional()
  @IsBoolean()
  shared?: boolean;

  @IsDefined()
  @ValidateNested()
  @Type(() => ViewContent)
  view!: ViewContent;
}

/** Body of `PATCH /v1/tables/{table}/views/{view}`. */
export class ChangeViewRequest {
  @IsOptional()
  @IsTitle()
  name?: string;

  @IsOptional()
  @IsBoolean()
  shared?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => ViewContent)
  view?: ViewContent;
}

/** Body of `PUT /v1/tables/{table}/views/default`. */
export class DefaultViewRequest {
  /** Id of a view; null: all rows. */
  @ValidateIf(({ view }: DefaultViewRequest) => view !== null)
  @IsUUID()
  view!: string | null;
}
