import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { classify } from '#libs/failure/classify';
import { ProblemException } from '#libs/runtime/http/problem';
import { CdcService } from '../cdc-service.ts';
import { describeProgress, type Snapshotter } from '../snapshot/snapshotter.ts';
import { AdminTokenGuard } from './admin-token.guard.ts';
import { RequestSnapshot } from './snapshot-request.ts';

const STATES = { pause: 'paused', resume: 'queued', cancel: 'cancelled' } as const;

/** `/v1/snapshots`: what is being read beside the stream, and how far; asking for more (docs/cdc.md). */
@Controller('v1/snapshots')
@UseGuards(AdminTokenGuard)
export class SnapshotsController {
  readonly #service: CdcService;

  constructor(@Inject(CdcService) service: CdcService) {
    this.#service = service;
  }

  /** Every snapshot of the slot, in the order in which they were asked for. */
  @Get()
  list(): { snapshots: ReturnType<typeof describeProgress>[] } {
    return {
      snapshots: this.#snapshotter()
        .list()
        .map((snapshot) => describeProgress(snapshot, Date.now())),
    };
  }

  /** 202: it is written down and begins as soon as its turn comes. */
  @Post()
  @HttpCode(202)
  async request(@Body() { table, where, key, maxRowsPerSecond }: RequestSnapshot): Promise<ReturnType<typeof describeProgress>> {
    const dot = table.indexOf('.');
    const request = {
      schema: table.slice(0, dot),
      table: table.slice(dot + 1),
      where: where ?? null,
      key: key ?? null,
      maxRowsPerSecond: maxRowsPerSecond ?? null,
      cause: 'http',
    };
    try {
      return describeProgress(await this.#snapshotter().request(request), Date.now());
    } catch (error) {
      const failure = classify(error);
      if (failure.kind === 'invalid-input' || isSqlMistake(error)) throw new ProblemException(422, 'invalid-snapshot', failure.message);
      throw error;
    }
  }

  @Post(':id/:action')
  @HttpCode(200)
  async change(@Param('id') id: string, @Param('action') action: string): Promise<ReturnType<typeof describeProgress>> {
    if (!isAction(action))
      throw new ProblemException(404, 'unknown-action', `a snapshot can be told to ${Object.keys(STATES).join(', ')}, not to ${JSON.stringify(action)}`);
    const changed = await this.#snapshotter().change(id, STATES[action]);
    if (!changed) throw new ProblemException(404, 'unknown-snapshot', `there is no snapshot ${JSON.stringify(id)}`);
    return describeProgress(changed, Date.now());
  }

  #snapshotter(): Snapshotter {
    const { snapshotter, state } = this.#service;
    if (!snapshotter) throw new ProblemException(503, 'not-streaming', `this instance is not the one that streams: ${state.detail}`);
    return snapshotter;
  }
}

/** SQLSTATE classes 22 (data), 42 (syntax and names): the condition is wrong. */
function isSqlMistake(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && /^(22|42)...$/.test(String(error.code));
}

function isAction(text: string): text is keyof typeof STATES {
  return Object.hasOwn(STATES, text);
}
