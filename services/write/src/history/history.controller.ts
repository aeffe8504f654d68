import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { UndoReport } from '#contracts/http/history';
import { PrincipalGuard } from '#libs/governance/http/principal.guard';
import { ProblemException } from '#libs/runtime/http/problem';
import { type Asking, Asks } from '../asking.ts';
import type { Undoable } from './changes.ts';
import { CompareRequest, HistoryRequest, RestoreRequest, UndoRequest } from './history-requests.ts';
import { HistoryRooms } from './history-rooms.ts';

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

  /** Takes one change back, or all changes of a request or trace. */
  @Post('undo')
  @HttpCode(200)
  undo(@Body() body: UndoRequest, @Asks() asking: Asking): Promise<UndoReport> {
    const [what, name] = undoableOf(body);
    return this.#rooms.undo(what, { ...reasoned(asking, `undo of ${name}`), force: body.force === true, dryRun: body.dryRun === true });
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
