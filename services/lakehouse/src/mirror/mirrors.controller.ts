import { Body, Controller, Delete, Get, HttpCode, Inject, Param, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import type { MirrorReport } from '#contracts/http/lakehouse';
import { classify } from '#libs/failure/classify';
import type { FailureKind } from '#libs/failure/failure-kind';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import { CreateMirror } from './create-mirror.ts';
import { Mirrors } from './mirrors.ts';

/** Failures that say what the caller can mend, and by which status. */
const SAID: Partial<Record<FailureKind, number>> = { 'invalid-input': 422, conflict: 409, forbidden: 403, unsupported: 501, misconfigured: 501 };

/** `/v1/mirrors`: lakehouse tables kept as read-only tables (docs/mirrors.md). A mirror copies every row, so it is administrators' to make. */
@Controller('v1/mirrors')
@UseGuards(PrincipalGuard)
export class MirrorsController {
  readonly #mirrors: Mirrors;

  constructor(@Inject(Mirrors) mirrors: Mirrors) {
    this.#mirrors = mirrors;
  }

  /** Every mirror, with the version it holds beside the newest one, and its age. */
  @Get()
  async list(@CurrentPrincipal() principal: object): Promise<{ mirrors: MirrorReport[] }> {
    administrator(principal);
    return { mirrors: await said(this.#mirrors.list()) };
  }

  @Post()
  async create(@CurrentPrincipal() principal: object, @Body() body: CreateMirror): Promise<MirrorReport> {
    administrator(principal);
    const { mode, key, everyMs } = body;
    return said(this.#mirrors.create({ source: tableOf(body.source), target: tableOf(body.target), mode, key, everyMs: everyMs ?? null }));
  }

  /** Answers once the target equals the newest version. */
  @Post(':id/refresh')
  @HttpCode(200)
  async refresh(@CurrentPrincipal() principal: object, @Param('id', ParseIntPipe) id: number): Promise<MirrorReport> {
    administrator(principal);
    return (await said(this.#mirrors.refresh(idOf(id)))) ?? unknown(id);
  }

  /** Drops the target too: it is a copy, and would be a stale one. */
  @Delete(':id')
  @HttpCode(204)
  async remove(@CurrentPrincipal() principal: object, @Param('id', ParseIntPipe) id: number): Promise<void> {
    administrator(principal);
    if (!(await said(this.#mirrors.remove(idOf(id))))) unknown(id);
  }
}

function administrator(principal: object): void {
  if ((principal as Principal).role !== 'administrator') throw new ProblemException(403, 'forbidden', 'the role administrator may do this');
}

function unknown(id: number): never {
  throw new ProblemException(404, 'unknown-mirror', `there is no mirror ${id}`);
}

/** What is no id of the registry's type is the id of no mirror. */
function idOf(id: number): number {
  return id > 0 && id <= 0x7fffffff ? id : unknown(id);
}

function tableOf(text: string): { schema: string; name: string } {
  const dot = text.indexOf('.');
  return { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

async function said<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { kind, message } = classify(error);
    const status = SAID[kind];
    throw status === undefined ? error : new ProblemException(status, kind, message);
  }
}
