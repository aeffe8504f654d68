import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import type { EditList, EditProgress, EditReport, TableDescription, TableList } from '#contracts/http/tables';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import { type Asking, Asks } from '../asking.ts';
import { AcceptedInterceptor } from './accepted.interceptor.ts';
import type { ColumnChange, TableEdit } from './table-edit.ts';
import { ChangeColumnRequest, ChangeTableRequest, ColumnRequest, CreateTableRequest, TableQuery } from './table-requests.ts';
import { TableRooms } from './table-rooms.ts';

/** Tables that users make and edit. Every edit can be tried with `?dryRun=true`, is on record, and is taken back by another where data allows. */
@Controller('v1/tables')
@UseGuards(PrincipalGuard)
export class TablesController {
  readonly #rooms: TableRooms;

  constructor(@Inject(TableRooms) rooms: TableRooms) {
    this.#rooms = rooms;
  }

  @Get()
  list(@CurrentPrincipal() principal: Principal): Promise<TableList> {
    return this.#rooms.list(principal);
  }

  @Get(':table')
  describe(@Param('table') table: string, @Query() query: TableQuery, @CurrentPrincipal() principal: Principal): Promise<TableDescription> {
    return this.#rooms.describe(principal, table, query);
  }

  @Post()
  create(@Body() { name, ...body }: CreateTableRequest, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.create(asking, name, { op: 'create', ...given(body), columns: body.columns.map((column) => given(column)) }, query);
  }

  /** One change at a time: a name, an order of columns, how long history is kept, or label and description. */
  @Patch(':table')
  change(@Param('table') table: string, @Body() body: ChangeTableRequest, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, tableChangeOf(body), query);
  }

  @Post(':table/adopt')
  @HttpCode(200)
  adopt(@Param('table') table: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, { op: 'adopt' }, query);
  }

  @Post(':table/archive')
  @HttpCode(200)
  archive(@Param('table') table: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, { op: 'archive' }, query);
  }

  @Post(':table/restore')
  @HttpCode(200)
  restore(@Param('table') table: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, { op: 'restore' }, query);
  }

  @Post(':table/columns')
  @UseInterceptors(AcceptedInterceptor)
  addColumn(@Param('table') table: string, @Body() column: ColumnRequest, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, { op: 'add-column', column: given(column) }, query);
  }

  @Patch(':table/columns/:column')
  @UseInterceptors(AcceptedInterceptor)
  changeColumn(
    @Param('table') table: string,
    @Param('column') column: string,
    @Body() { name, ...change }: ChangeColumnRequest,
    @Query() query: TableQuery,
    @Asks() asking: Asking,
  ): Promise<EditReport> {
    return this.#rooms.edit(asking, table, columnChangeOf(column, name ?? undefined, change), query);
  }

  @Delete(':table/columns/:column')
  dropColumn(@Param('table') table: string, @Param('column') column: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.edit(asking, table, { op: 'drop-column', column }, query);
  }

  @Get(':table/edits')
  edits(@Param('table') table: string, @Query() query: TableQuery, @CurrentPrincipal() principal: Principal): Promise<EditList> {
    return this.#rooms.edits(principal, table, query);
  }

  @Post(':table/edits/:edit/revert')
  @HttpCode(200)
  @UseInterceptors(AcceptedInterceptor)
  revert(@Param('table') table: string, @Param('edit') edit: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditReport> {
    return this.#rooms.revert(asking, table, edit, query);
  }

  /** How far an edit is that is done in steps, or how an edit ended. */
  @Get(':table/edits/:edit')
  progress(
    @Param('table') table: string,
    @Param('edit') edit: string,
    @Query() query: TableQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EditProgress> {
    return this.#rooms.progress(principal, table, edit, query);
  }

  /** Ends an edit that is done in steps; the table stays as it was. */
  @Post(':table/edits/:edit/cancel')
  @HttpCode(202)
  cancel(@Param('table') table: string, @Param('edit') edit: string, @Query() query: TableQuery, @Asks() asking: Asking): Promise<EditProgress> {
    return this.#rooms.cancel(asking, table, edit, query);
  }
}

/** What was asked for: what is null is not. */
function given<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined)) as T;
}

function tableChangeOf({ label, description, ...body }: ChangeTableRequest): Exclude<TableEdit, { op: 'create' }> {
  const [name, columns, history] = [body.name ?? undefined, body.columns ?? undefined, body.history ?? undefined];
  const described = label !== undefined || description !== undefined;
  if ([name !== undefined, columns !== undefined, history !== undefined, described].filter(Boolean).length !== 1)
    throw new ProblemException(400, 'invalid-input', 'one change at a time: a name, an order of columns, how long history is kept, or label and description');
  if (name !== undefined) return { op: 'rename', to: name };
  if (columns !== undefined) return { op: 'reorder', columns };
  if (history !== undefined) return { op: 'keep-history', keep: history.keep };
  return { op: 'describe', ...(label === undefined ? {} : { label }), ...(description === undefined ? {} : { description }) };
}

function columnChangeOf(column: string, name: string | undefined, change: ColumnChange): Exclude<TableEdit, { op: 'create' }> {
  const changed = Object.values(change).some((value) => value !== undefined);
  if ((name !== undefined) === changed) throw new ProblemException(400, 'invalid-input', 'a new name alone, or other changes without one');
  return name === undefined ? { op: 'change-column', column, change } : { op: 'rename-column', column, to: name };
}
