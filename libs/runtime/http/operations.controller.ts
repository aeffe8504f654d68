import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Readiness } from '../health.ts';
import type { ServiceRuntime } from '../service-runtime.ts';

/** Injection token of the process's ServiceRuntime. */
export const SERVICE_RUNTIME = Symbol('ServiceRuntime');

/** What an operator's tools ask of every process. */
@Controller()
export class OperationsController {
  readonly #runtime: ServiceRuntime;

  constructor(@Inject(SERVICE_RUNTIME) runtime: ServiceRuntime) {
    this.#runtime = runtime;
  }

  /** 200 as long as the process answers. */
  @Get('health/live')
  live(): { live: true } {
    return { live: true };
  }

  /** 200 when every check is ready, else 503; the body names each check either way. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<{ ready: boolean; checks: Record<string, Readiness> }> {
    const report = await this.#runtime.health.report();
    void reply.status(report.ready ? 200 : 503);
    return report;
  }

  /** Prometheus text format. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(): Promise<string> {
    return this.#runtime.metrics.metrics();
  }
}
