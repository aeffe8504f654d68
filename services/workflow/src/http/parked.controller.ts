import { Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { Jobs, type ParkedJob } from '#libs/jobs/jobs';
import { ProblemException } from '#libs/runtime/http/problem';
import { FlowAccess } from './flow-access.ts';

/** `/v1/flows/{name}/parked`: work that was put aside, and putting it back. */
@Controller('v1/flows/:name/parked')
@UseGuards(PrincipalGuard)
export class ParkedController {
  readonly #access: FlowAccess;
  readonly #jobs: Jobs;

  constructor(@Inject(FlowAccess) access: FlowAccess, @Inject(Jobs) jobs: Jobs) {
    this.#access = access;
    this.#jobs = jobs;
  }

  @Get()
  async list(@Param('name') name: string, @CurrentPrincipal() principal: Principal): Promise<{ parked: (ParkedJob & { step: string })[] }> {
    const flow = this.#access.find(name, principal, 'administer');
    const lists = await Promise.all(flow.steps.map(async (step) => (await this.#jobs.parked(step.queue)).map((job) => ({ step: step.name, ...job }))));
    return { parked: lists.flat() };
  }

  /** 202: it is in the queue again, under its id. */
  @Post(':id/redrive')
  @HttpCode(202)
  async redrive(@Param('name') name: string, @Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<{ id: string; step: string }> {
    for (const step of this.#access.find(name, principal, 'administer').steps) {
      if (await this.#jobs.redrive(step.queue, id)) return { id, step: step.name };
    }
    throw new ProblemException(404, 'not-parked', `nothing is parked under ${JSON.stringify(id)}`);
  }
}
