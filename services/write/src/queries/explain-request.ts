import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** Body of `POST /v1/query`: a read as it would be sent to the row API. */
export class ExplainQuery {
  /** Path below `/rest/v1`, with its query string: `orders?select=id&id=gt.1`. */
  @IsString()
  @Matches(/^(\/rest\/v1)?\/?[^/?]+(\?.*)?$/s, { message: 'path must be <table>?<query>' })
  @MaxLength(8_000)
  path!: string;

  /** Schema of the table; the first exposed one by default. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  schema?: string;
}
