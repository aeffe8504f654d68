import { Body, Controller, Headers, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import type { QueryExplanation } from '#contracts/http/query';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ApiError } from '../rows/api-error.ts';
import { contextOf } from '../rows/write-context.ts';
import { explain, type Explained } from './explain.ts';
import { ExplainQuery } from './explain-request.ts';
import { problemFrom } from '../sql-problem.ts';
import { ROWS } from './rows-token.ts';

/** `POST /v1/query`: runs a read and tells where it went. A POST, since a query string within a query string helps nobody. */
@Controller('v1/query')
@UseGuards(PrincipalGuard)
export class QueryController {
  readonly #rows: Explained;

  constructor(@Inject(ROWS) rows: Explained) {
    this.#rows = rows;
  }

  @Post()
  @HttpCode(200)
  async explain(
    @Body() { path, schema }: ExplainQuery,
    @CurrentPrincipal() principal: Principal,
    @Headers() headers: Record<string, string>,
  ): Promise<QueryExplanation> {
    const caller = { principal, anonymous: headers['authorization'] === undefined, context: contextOf(headers, principal) };
    try {
      return await explain(this.#rows, { path, authorization: headers['authorization'], ...(schema === undefined ? {} : { schema }) }, caller);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw problemFrom(error, 'query-refused');
    }
  }
}
