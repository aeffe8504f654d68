import { Controller, Get, Inject, Param, UseGuards } from '@nestjs/common';
import type { Trace } from '#contracts/http/trace';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import { TraceReader } from './trace-reader.ts';

/** `GET /v1/trace/{traceId}`: a case from first write to final row. */
@Controller('v1/trace')
@UseGuards(PrincipalGuard)
export class TraceController {
  readonly #reader: TraceReader;

  constructor(@Inject(TraceReader) reader: TraceReader) {
    this.#reader = reader;
  }

  @Get(':traceId')
  async read(@Param('traceId') traceId: string, @CurrentPrincipal() principal: Principal): Promise<Trace> {
    if (!/^[0-9a-f]{32}$/.test(traceId)) throw new ProblemException(400, 'not-a-trace-id', 'a trace id is 32 lower-case hexadecimal digits');
    const trace = await this.#reader.read(traceId, principal);
    if (trace.steps.length === 0) throw new ProblemException(404, 'unknown-trace', 'no step of this trace is known, or none is yours to see');
    return trace;
  }
}
