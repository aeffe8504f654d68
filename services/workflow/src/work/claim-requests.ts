import { IsArray, IsInt, IsNotEmpty, IsNumber, IsObject, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';

/** Body of `POST /v1/flows/{name}/claims`. */
export class ClaimCases {
  /** Cases at most. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  max = 1;

  /** Seconds until the case may go to another worker, unless prolonged. */
  @IsOptional()
  @IsInt()
  @Min(5)
  @Max(3_600)
  leaseSeconds = 60;

  /** Seconds to wait for a case when there is none. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(30)
  waitSeconds = 0;

  /** Only this case: for a job that was started for it. */
  @IsOptional()
  @IsUUID()
  caseId?: string;
}

class Leased {
  /** Token that the claim answered with. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  token!: string;
}

/** Body of `POST /v1/flows/{name}/claims/{caseId}/heartbeat`. */
export class Heartbeat extends Leased {
  @IsOptional()
  @IsInt()
  @Min(5)
  @Max(3_600)
  leaseSeconds = 60;
}

/** Body of `POST /v1/flows/{name}/claims/{caseId}/release`. */
export class Release extends Leased {
  /** Why the case was not completed. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(2_000)
  failure!: string;

  /** Seconds before it is offered again. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(86_400)
  afterSeconds = 10;
}

/** Body of `POST /v1/flows/{name}/claims/{caseId}/complete`: the recommendation. */
export class Complete extends Leased {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  class!: string;

  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(1)
  confidence!: number;

  /** Class → probability. Default: the named class with its confidence. */
  @IsOptional()
  @IsObject()
  probabilities?: Record<string, number>;

  /** What spoke for it: `{feature, title, value, contribution}`, heaviest first. */
  @IsOptional()
  @IsArray()
  contributions?: Record<string, unknown>[];

  /** Which model or rule, and which version of it. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  modelVersion!: string;
}
