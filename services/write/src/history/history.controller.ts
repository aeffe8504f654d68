import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res, UseGuards, UseInterceptors } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { UndoProgress, UndoReport } from '#contracts/http/history';
import { PrincipalGuard } from '#libs/governance/http/principal.guard';
import { ProblemException } from '#libs/runtime/http/problem';
import { type Asking, Asks } from '../asking.ts';
import { CompareRequest, HistoryRequest, RestoreRequest, UndoRequest } from './history-requests.ts';
import { AcceptedInterceptor } from './accepted.interceptor.ts';
import { HistoryRooms } from './history-rooms.ts';
import type { Undoable } from './undo-changes.ts';
import { waitOf } from './undo-wait.ts';

/** What happened to a table's rows, and taking it back. */
@Controller('v1')
@UseGuards(PrincipalGuard)
export class HistoryController {
  readonly #rooms: HistoryRooms;

  constructor(@Inject(HistoryRooms) rooms: HistoryRooms) {
    this.#rooms = rooms;
  }

  /** Changes of a table or of one row, newest first: who, when, why, before and after, as far as the caller may see the table. */
  @Get('history/:table')
  async history(@Param('table') table: string, @Query() query: HistoryRequest, @Asks() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    const body = await this.#rooms.page(asking, table, query);
    await reply.header('content-type', 'application/json; charset=utf-8').send(body);
  }

  /** Two versions of a row, and the columns in which they differ. */
  @Get('history/:table/compare')
  async compare(@Param('table') table: string, @Query() query: CompareRequest, @Asks() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    const body = await this.#rooms.compare(asking, table, query);
    await reply.header('content-type', 'application/json; charset=utf-8').send(body);
  }

  /** Brings one row back to what it was after one of its changes. */
  @Post('history/:table/restore')
  @HttpCode(200)
  restore(@Param('table') table: string, @Body() body: RestoreRequest, @Asks() asking: Asking): Promise<UndoReport> {
    return this.#rooms.restore(table, body, reasoned(asking, `restore of change ${body.change}`));
  }

  /** Takes one change back, or all changes of a request or trace. What takes longer than `Prefer: wait` goes on, and is answered 202 with where to look at it. */
  @Post('undo')
  @HttpCode(200)
  @UseInterceptors(AcceptedInterceptor)
  undo(@Body() body: UndoRequest, @Asks() asking: Asking, @Headers('prefer') prefer: string | undefined): Promise<UndoReport | UndoProgress> {
    const [what, name] = undoableOf(body);
    const asked = { ...reasoned(asking, `undo of ${name}`), force: body.force === true, dryRun: body.dryRun === true, waitMs: waitOf(prefer) };
    return this.#rooms.undo(what, asked);
  }

  /** How far an undo is that was answered 202, and its report or why it failed once it has ended. */
  @Get('undo/:undo')
  undoProgress(@Param('undo') id: string, @Asks() asking: Asking): Promise<UndoProgress> {
    return this.#rooms.undoProgress(asking, id);
  }

  /** Ends it; nothing of it is kept. */
  @Post('undo/:undo/cancel')
  @HttpCode(202)
  cancelUndo(@Param('undo') id: string, @Asks() asking: Asking): Promise<UndoProgress> {
    return this.#rooms.cancelUndo(asking, id);
  }
}

function reasoned({ principal, context }: Asking, otherwise: string): Asking {
  return { principal, context: { ...context, reason: context.reason ?? otherwise } };
}

function undoableOf({ change, request, trace }: UndoRequest): [Undoable, string] {
  const given: [Undoable, string][] = [];
  if (change !== undefined) given.push([{ change }, `change ${change}`]);
  if (request !== undefined) given.push([{ request }, `request ${request}`]);
  if (trace !== undefined) given.push([{ trace }, `trace ${trace}`]);
  const [only, more] = given;
  if (only && !more) return only;
  throw new ProblemException(400, 'invalid-input', 'exactly one of change, request and trace says what to undo');
}
