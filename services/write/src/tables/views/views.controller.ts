import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Put, Query, UseGuards } from '@nestjs/common';
import type { SavedView, SavedViews } from '#contracts/http/table-views';
import { PrincipalGuard } from '#libs/governance/http/principal.guard';
import { type Asking, Asks } from '../../asking.ts';
import { ChangeViewRequest, DefaultViewRequest, KeepViewRequest, ViewQuery } from './view-requests.ts';
import { ViewRooms } from './view-rooms.ts';

/** Views of a table that people keep under a name, for themselves or for everybody who may read the table. A view gives no rights. */
@Controller('v1/tables/:table/views')
@UseGuards(PrincipalGuard)
export class ViewsController {
  readonly #rooms: ViewRooms;

  constructor(@Inject(ViewRooms) rooms: ViewRooms) {
    this.#rooms = rooms;
  }

  @Get()
  list(@Param('table') table: string, @Query() { schema }: ViewQuery, @Asks() asking: Asking): Promise<SavedViews> {
    return this.#rooms.list(asking, { table, schema });
  }

  @Post()
  keep(@Param('table') table: string, @Body() body: KeepViewRequest, @Query() { schema }: ViewQuery, @Asks() asking: Asking): Promise<SavedView> {
    return this.#rooms.keep(asking, { table, schema }, body);
  }

  /** The view that the caller sees where an address names none. */
  @Put('default')
  @HttpCode(204)
  setDefault(@Param('table') table: string, @Body() { view }: DefaultViewRequest, @Query() { schema }: ViewQuery, @Asks() asking: Asking): Promise<void> {
    return this.#rooms.setDefault(asking, { table, schema }, view);
  }

  /** Its owner alone may. */
  @Patch(':view')
  change(
    @Param('table') table: string,
    @Param('view') view: string,
    @Body() body: ChangeViewRequest,
    @Query() { schema }: ViewQuery,
    @Asks() asking: Asking,
  ): Promise<SavedView> {
    return this.#rooms.change(asking, { table, schema }, view, body);
  }

  /** Its owner alone may. */
  @Delete(':view')
  @HttpCode(204)
  delete(@Param('table') table: string, @Param('view') view: string, @Query() { schema }: ViewQuery, @Asks() asking: Asking): Promise<void> {
    return this.#rooms.delete(asking, { table, schema }, view);
  }
}
