import { Controller, Get, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import type { StoredModel } from '../models/models.ts';
import { FlowAccess } from './flow-access.ts';

/** `GET` and `POST /v1/flows/{name}/models`: the classifier's versions with what was measured, and a new one. */
@Controller('v1/flows/:name/models')
@UseGuards(PrincipalGuard)
export class ModelsController {
  readonly #access: FlowAccess;

  constructor(@Inject(FlowAccess) access: FlowAccess) {
    this.#access = access;
  }

  @Get()
  async list(@Param('name') name: string, @CurrentPrincipal() principal: Principal): Promise<{ models: StoredModel[] }> {
    return { models: await this.#access.find(name, principal, 'read').models.list() };
  }

  /** Trains on every label and disposition there is; answers with the model when it is stored. */
  @Post()
  async train(@Param('name') name: string, @CurrentPrincipal() principal: Principal): Promise<StoredModel> {
    const flow = this.#access.find(name, principal, 'administer');
    const model = await flow.trainer.train(principal, AbortSignal.timeout(600_000));
    await flow.takeUp();
    return model;
  }
}
