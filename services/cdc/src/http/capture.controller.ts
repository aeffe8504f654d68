import { Controller, Get, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import type { CdcStatus } from '#contracts/http/cdc-status';
import { ProblemException } from '#libs/runtime/http/problem';
import { CdcService } from '../cdc-service.ts';
import { AdminTokenGuard } from './admin-token.guard.ts';

/** `/v1/cdc`: what capture does, and stopping it from reading for a while (docs/cdc.md). */
@Controller('v1/cdc')
@UseGuards(AdminTokenGuard)
export class CaptureController {
  readonly #service: CdcService;

  constructor(@Inject(CdcService) service: CdcService) {
    this.#service = service;
  }

  /** Of this instance; any may be asked. */
  @Get('status')
  status(): Promise<CdcStatus> {
    return this.#service.status();
  }

  /** Reads nothing more until it is told to; holds over restarts and takeovers. Repeated, it stays as it is. */
  @Post('pause')
  @HttpCode(200)
  pause(): Promise<CdcStatus> {
    return this.#change(() => this.#service.pause());
  }

  /** Goes on where it was. */
  @Post('resume')
  @HttpCode(200)
  resume(): Promise<CdcStatus> {
    return this.#change(() => this.#service.resume());
  }

  async #change(work: () => Promise<boolean>): Promise<CdcStatus> {
    if (await work()) return this.#service.status();
    throw new ProblemException(503, 'not-streaming', `this instance is not the one that holds the slot: ${this.#service.state.detail}`);
  }
}
