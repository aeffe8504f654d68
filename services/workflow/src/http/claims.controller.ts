import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Req, UseGuards } from '@nestjs/common';
import { CurrentPrincipal, PrincipalGuard } from '#libs/governance/http/principal.guard';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import type { OfferState } from '../work/case-offers.ts';
import { ClaimCases, Complete, Heartbeat, Release } from '../work/claim-requests.ts';
import type { ClaimedCase } from '../work/work-desk.ts';
import { FlowAccess } from './flow-access.ts';

interface Connection {
  socket: NodeJS.EventEmitter;
}

/** `/v1/flows/{name}/claims`: cases that workers outside take, keep, give back and complete (docs/workers.md). */
@Controller('v1/flows/:name/claims')
@UseGuards(PrincipalGuard)
export class ClaimsController {
  readonly #access: FlowAccess;

  constructor(@Inject(FlowAccess) access: FlowAccess) {
    this.#access = access;
  }

  /** What is on offer, in work or parked, oldest first. */
  @Get()
  async list(@Param('name') name: string, @CurrentPrincipal() principal: Principal): Promise<{ claims: OfferState[] }> {
    return { claims: await this.#access.find(name, principal, 'work', 'administer').offers.list(1_000) };
  }

  /** Leases cases to the caller; an empty list when there is none within `waitSeconds`. */
  @Post()
  @HttpCode(200)
  async claim(
    @Param('name') name: string,
    @Body() body: ClaimCases,
    @CurrentPrincipal() principal: Principal,
    @Req() request: Connection,
  ): Promise<{ claims: ClaimedCase[] }> {
    const flow = this.#access.find(name, principal, 'work');
    const { kind } = await flow.choice();
    if (kind !== 'worker' && kind !== 'databricks-job')
      throw new ProblemException(409, 'no-workers', `${name} is recommended by its ${kind}, not by workers`, {
        hint: `An administrator changes that: upsert {"kind": "worker"} into ${flow.definition.schema}.recommender.`,
      });
    const { max, leaseSeconds, waitSeconds, caseId } = body;
    const wanted = { most: max, leaseSeconds, waitSeconds, ...(caseId ? { caseId } : {}) };
    return whileConnected(request, async (signal) => ({ claims: await flow.desk.claim(principal, wanted, signal) }));
  }

  @Post(':caseId/heartbeat')
  @HttpCode(200)
  async heartbeat(
    @Param('name') name: string,
    @Param('caseId', ParseUUIDPipe) caseId: string,
    @Body() { token, leaseSeconds }: Heartbeat,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ leaseExpiresAt: string }> {
    return { leaseExpiresAt: await this.#access.find(name, principal, 'work').desk.prolong(caseId, token, leaseSeconds) };
  }

  /** `offered` again after the wait, or `parked` after the fifth attempt. */
  @Post(':caseId/release')
  @HttpCode(200)
  async release(
    @Param('name') name: string,
    @Param('caseId', ParseUUIDPipe) caseId: string,
    @Body() { token, failure, afterSeconds }: Release,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ state: string }> {
    return { state: await this.#access.find(name, principal, 'work').desk.release(caseId, token, { failure, afterSeconds }) };
  }

  /** Writes the recommendation as the caller; safe to repeat with the same token. */
  @Post(':caseId/complete')
  @HttpCode(200)
  async complete(
    @Param('name') name: string,
    @Param('caseId', ParseUUIDPipe) caseId: string,
    @Body() { token, ...recommendation }: Complete,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ caseId: string; replayed: boolean }> {
    return this.#access.find(name, principal, 'work').desk.complete(principal, caseId, token, recommendation);
  }

  /** Offers a parked case again. */
  @Post(':caseId/redrive')
  @HttpCode(202)
  async redrive(
    @Param('name') name: string,
    @Param('caseId', ParseUUIDPipe) caseId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ caseId: string }> {
    if (await this.#access.find(name, principal, 'administer').offers.redrive(caseId)) return { caseId };
    throw new ProblemException(404, 'not-parked', `case ${caseId} is not parked`);
  }
}

/** A worker that hung up takes no case with it. */
async function whileConnected<T>({ socket }: Connection, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  socket.once('close', abort);
  try {
    return await work(gone.signal);
  } finally {
    socket.off('close', abort);
  }
}
