import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { UndoProgress, UndoReport } from '#contracts/http/history';

type Answer = UndoReport | UndoProgress;

/** 202, and where to look, for an undo that goes on. */
@Injectable()
export class AcceptedInterceptor implements NestInterceptor<Answer, Answer> {
  intercept(context: ExecutionContext, next: CallHandler<Answer>): Observable<Answer> {
    return next.handle().pipe(
      map((answer) => {
        if ('state' in answer) void context.switchToHttp().getResponse<FastifyReply>().status(202).header('location', `/v1/undo/${answer.id}`);
        return answer;
      }),
    );
  }
}
