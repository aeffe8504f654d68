import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import type { LakehouseTableReport } from '#contracts/http/lakehouse';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import { TableReports } from './table-reports.ts';

/** Operators' and auditors' view of what is in the lakehouse, and how fresh. */
const READERS = new Set(['administrator', 'auditor']);

@Controller('v1/lakehouse')
@UseGuards(PrincipalGuard)
export class TablesController {
  readonly #reports: TableReports;

  constructor(@Inject(TableReports) reports: TableReports) {
    this.#reports = reports;
  }

  @Get('tables')
  async tables(@CurrentPrincipal() principal: object): Promise<{ tables: LakehouseTableReport[] }> {
    if (!READERS.has((principal as Principal).role)) throw new ProblemException(403, 'forbidden', 'the roles administrator and auditor may see this');
    return { tables: await this.#reports.all() };
  }
}
