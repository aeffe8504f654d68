import { describe, expect, it } from '@jest/globals';
import type { ImportReport } from '#contracts/http/imports';
import { ApiError } from '../../api/api-error.ts';
import { ImportRun, type RunParts } from './import-run.ts';

const report = (given: Partial<ImportReport> = {}): ImportReport => ({
  id: 'a',
  table: 'app.item',
  format: 'csv',
  mode: 'skip-bad',
  state: 'open',
  failure: null,
  offset: 0,
  lines: 0,
  inserted: 0,
  refused: 0,
  refusals: [],
  traceId: 't',
  ...given,
});

/** A service that takes `taken` bytes at each attempt before it does what the script says. */
class Service implements RunParts {
  readonly offsets: number[] = [];
  readonly waits: number[] = [];
  #standing = report();
  readonly #script: (ImportReport | Error)[];

  constructor(script: (ImportReport | Error)[]) {
    this.#script = script;
  }

  fetchReport = (): Promise<ImportReport> => Promise.resolve(this.#standing);

  feed: RunParts['feed'] = ({ offset, onSent }) => {
    this.offsets.push(offset);
    const next = this.#script.shift() ?? new Error('nothing more was expected');
    onSent(offset + 10);
    if (next instanceof Error) {
      if (next instanceof ApiError && next.status === 0) this.#standing = { ...this.#standing, offset: offset + 10 };
      return Promise.reject(next);
    }
    this.#standing = next;
    return next.state === 'failed' ? Promise.reject(new ApiError(422, 'lines were refused')) : Promise.resolve();
  };

  wait: RunParts['wait'] = (ms) => {
    this.waits.push(ms);
    return Promise.resolve();
  };
}

const file = new Blob(['x'.repeat(100)]);
const broken = (): ApiError => new ApiError(0, 'no answer');
const busy = (): ApiError => new ApiError(409, 'is being fed by another request');

describe('an import on its way', () => {
  it('goes on where the service stands, however often the connection breaks', async () => {
    const service = new Service([broken(), broken(), busy(), new ApiError(503, 'ill'), report({ state: 'complete', inserted: 9, offset: 100 })]);
    const view = await new ImportRun(service, file, report()).run();
    expect(view).toMatchObject({ state: 'complete', sent: 100, report: { inserted: 9 }, error: undefined });
    expect(service.offsets).toEqual([0, 10, 20, 20, 20]);
  });

  it('waits longer each time that nothing moved', async () => {
    const service = new Service([busy(), busy(), busy(), report({ state: 'complete' })]);
    await new ImportRun(service, file, report()).run();
    expect(service.waits).toEqual([500, 1_000, 2_000]);
  });

  it('ends with what the service refused', async () => {
    const failed = await new ImportRun(new Service([report({ state: 'failed', refused: 3 })]), file, report()).run();
    expect(failed).toMatchObject({ state: 'failed', report: { refused: 3 } });
    const refused = await new ImportRun(new Service([new ApiError(422, 'no column x')]), file, report()).run();
    expect(refused).toMatchObject({ state: 'refused', error: { message: 'no column x' } });
  });

  it('is given up at once, and stays so', async () => {
    const run = new ImportRun(
      { wait: () => (run.leave(), Promise.resolve()), fetchReport: () => Promise.resolve(report()), feed: () => Promise.reject(broken()) },
      file,
      report(),
    );
    expect(await run.run()).toMatchObject({ state: 'left' });
  });

  it('tells whoever looks', async () => {
    const seen: string[] = [];
    const run = new ImportRun(new Service([broken(), report({ state: 'complete' })]), file, report());
    run.subscribe(() => seen.push(`${run.view().state} ${run.view().sent}`));
    await run.run();
    expect(seen).toEqual(['sending 0', 'sending 10', 'waiting 10', 'sending 10', 'sending 20', 'complete 100']);
  });
});
