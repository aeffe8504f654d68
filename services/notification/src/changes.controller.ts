import { Controller, Get, Inject, Param, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ChangeStreams } from './change-streams.ts';

/** `GET /v1/changes/<schema>.<table>`: contracts/http/change-stream.ts. */
@Controller('v1/changes')
@UseGuards(PrincipalGuard)
export class ChangesController {
  readonly #streams: ChangeStreams;

  constructor(@Inject(ChangeStreams) streams: ChangeStreams) {
    this.#streams = streams;
  }

  @Get(':table')
  async changes(
    @Param('table') table: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @CurrentPrincipal() principal: object,
  ): Promise<void> {
    await this.#streams.open(table, principal as Principal, request, reply);
  }
}
