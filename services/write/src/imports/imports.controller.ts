import { Body, Controller, Get, Inject, Param, Post, UseGuards } from '@nestjs/common';
import type { ImportReport } from '#contracts/http/imports';
import { PrincipalGuard } from '#libs/governance/http/principal.guard';
import { type Asking, Asks } from '../asking.ts';
import { ImportRequest } from './import-requests.ts';
import { ImportRooms } from './import-rooms.ts';

/** Imports are begun and looked at here; `PUT /v1/imports/{id}/content` (./content-route.ts) takes the file. */
@Controller('v1/imports')
@UseGuards(PrincipalGuard)
export class ImportsController {
  readonly #rooms: ImportRooms;

  constructor(@Inject(ImportRooms) rooms: ImportRooms) {
    this.#rooms = rooms;
  }

  @Post()
  create(@Body() body: ImportRequest, @Asks() asking: Asking): Promise<ImportReport> {
    return this.#rooms.create(asking, body);
  }

  @Get(':id')
  report(@Param('id') id: string, @Asks() asking: Asking): Promise<ImportReport> {
    return this.#rooms.report(asking, id);
  }
}
