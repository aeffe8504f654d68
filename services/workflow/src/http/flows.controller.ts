import { Controller, Get, Inject, Param, UseGuards } from '@nestjs/common';
import type { FlowDescription, Flows } from '#contracts/http/flows';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { describeFlow } from '../flows/describe-flow.ts';
import { FlowAccess } from './flow-access.ts';

/** `GET /v1/flows`: what there is to work on. */
@Controller('v1/flows')
@UseGuards(PrincipalGuard)
export class FlowsController {
  readonly #access: FlowAccess;

  constructor(@Inject(FlowAccess) access: FlowAccess) {
    this.#access = access;
  }

  @Get()
  list(@CurrentPrincipal() { role }: Principal): Flows {
    return {
      flows: this.#access.flows.filter(({ definition }) => definition.roles.read.includes(role)).map(({ definition }) => describeFlow(definition, role)),
    };
  }

  @Get(':name')
  read(@Param('name') name: string, @CurrentPrincipal() principal: Principal): FlowDescription {
    return describeFlow(this.#access.find(name, principal, 'read').definition, principal.role);
  }
}
