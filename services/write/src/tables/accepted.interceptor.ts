import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { EditReport } from '#contracts/http/tables';

/** 202 for an edit that is done in steps and has only begun. */
@Injectable()
export class AcceptedInterceptor implements NestInterceptor<EditReport, EditReport> {
  intercept(context: ExecutionContext, next: CallHandler<EditReport>): Observable<EditReport> {
    return next.handle().pipe(
      map((report) => {
        if (report.edit !== null && !report.applied) void context.switchToHttp().getResponse<FastifyReply>().status(202);
        return report;
      }),
    );
  }
}
