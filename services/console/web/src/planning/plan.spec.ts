import { describe, expect, it } from '@jest/globals';
import { approvalChoice, approvalOf } from './approval.ts';
import { textOf } from './decimal.ts';
import { planConflictOf } from './plan-conflict.ts';
import { byCause, lineDiffs, planChangeOf } from './plan-diff.ts';
import { breakdownOf } from './plan-line.ts';
import { freshness, planRunOf } from './plan-run.ts';
import { planLine, REFERENCE } from './planning.fixture.ts';
import { mayOf } from './planning-roles.ts';
import { visibleNodes } from './roll-up.ts';

const ALL = new Set(['all', 'all/pumps', 'all/pumps/p10', 'all/pumps/p10/EMEA']);

describe('the plan as a tree', () => {
  const lines = [planLine(), planLine({ region: 'FR', constrained: true }), planLine({ product: 'v1', period: '2026-02', conflict: true })];

  it('opens products, then the regions below a product', () => {
    const nodes = visibleNodes(lines, REFERENCE, { order: 'product', open: ALL });
    expect(nodes.map(({ name, depth }) => `${'.'.repeat(depth)}${name}`)).toEqual([
      'Everything',
      '.Pumps',
      '..P10',
      '...Europe',
      '....France',
      '....Germany',
      '.Valves',
    ]);
    expect(nodes.at(-2)).toMatchObject({ product: 'p10', region: 'DE', expandable: false });
  });

  it('opens regions first when asked, and only what is open', () => {
    const nodes = visibleNodes(lines, REFERENCE, { order: 'region', open: new Set(['all']) });
    expect(nodes.map(({ name }) => name)).toEqual(['Everything', 'Europe']);
  });

  it('sums each node by period, exactly, and counts the marks below', () => {
    const [everything] = visibleNodes(lines, REFERENCE, { order: 'product', open: new Set() });
    expect(textOf(everything?.total.amount ?? 0n)).toBe('300');
    expect(everything?.cells.get('2026-01')).toMatchObject({ lines: 2, constrained: 1, conflict: 0 });
    expect(everything?.cells.get('2026-02')).toMatchObject({ lines: 1, conflict: 1 });
  });

  it('shows parts that add up to the amount', () => {
    const { baseline, assumed, teams, cut, overrides, amount } = breakdownOf(planLine());
    expect(baseline + assumed + teams.finance + teams.sales + teams.supply + cut + overrides).toBe(amount);
    expect(textOf(cut)).toBe('-5');
  });
});

describe('what changed between versions', () => {
  const change = (version: number, before: string | null, after: string | null, causes: unknown = []) =>
    planChangeOf({ version, product: 'p10', region: 'DE', period: '2026-01', measure: 'volume', before, after, causes });

  it('is told line by line from the first before to the last after', () => {
    const diffs = lineDiffs([change(3, '12', '15'), change(2, null, '12')]);
    expect(diffs).toMatchObject([{ before: undefined, difference: 15_000_000_000n }]);
  });

  it('leaves out what came back to where it was', () => {
    expect(lineDiffs([change(2, '10', '12'), change(3, '12', '10')])).toEqual([]);
  });

  it('is told by who caused it; what nobody caused is under nobody', () => {
    const causes = JSON.stringify([
      { source: 'adjustment', team: 'sales', id: '7', author: 'sam', amount: '4' },
      { source: 'adjustment', team: 'sales', id: '8', author: 'sam', amount: '1' },
      { source: 'override', team: null, id: '1', author: 'fay', amount: '-2' },
    ]);
    const found = byCause(lineDiffs([change(2, '10', '14', causes)]), 'volume');
    expect(found.map(({ team, author, amount, entries }) => [team, author, textOf(amount), entries])).toEqual([
      ['sales', 'sam', '5', 2],
      ['override', 'fay', '-2', 1],
      ['', '', '1', 1],
    ]);
  });
});

describe('approving a version', () => {
  const proposed = approvalOf({ version: 4, state: 'proposed', proposed_by: 'fay' });

  it('begins with a proposal', () => {
    expect(approvalChoice(undefined, { subject: 'fay', ...mayOf('finance') })).toMatchObject({ propose: true, decide: false });
  });

  it('needs another pair of eyes, and says so', () => {
    expect(approvalChoice(proposed, { subject: 'fay', ...mayOf('finance') })).toMatchObject({
      decide: false,
      explanation: expect.stringContaining('Four eyes'),
    });
    expect(approvalChoice(proposed, { subject: 'pat', ...mayOf('approver') })).toMatchObject({ decide: true, explanation: undefined });
    expect(approvalChoice({ ...proposed, state: 'approved' }, { subject: 'pat', ...mayOf('approver') })).toMatchObject({ propose: false, decide: false });
  });

  it('is decided by those who may, and tells the others who that is', () => {
    expect(approvalChoice(proposed, { subject: 'sam', ...mayOf('sales') })).toMatchObject({ decide: false, explanation: expect.stringContaining('Finance') });
    expect(approvalChoice(undefined, { subject: 'aud', ...mayOf('auditor') })).toMatchObject({ propose: false, decide: false });
  });
});

describe('rows of runs and conflicts', () => {
  it('are read alike from the row API and from a change event', () => {
    const contributors = [{ team: 'sales', ids: ['7'], authors: ['sam'], amount: '4.000000', confidence: '0.900000', at: '2026-01-01T00:00:00Z' }];
    const resolution = { amount: '4.000000', by: 'choice', team: 'sales', author: 'fay' };
    const row = { id: 'c', product: 'p10', region: 'DE', period: '2026-01', measure: 'volume', rule: 'latest', version: 3 };
    expect(planConflictOf({ ...row, contributors: JSON.stringify(contributors), resolution: JSON.stringify(resolution) })).toEqual(
      planConflictOf({ ...row, contributors, resolution }),
    );
    expect(planRunOf({ id: 1, scopes: '{"pumps|EMEA|2026-01"}' }).scopes).toEqual(planRunOf({ id: 1, scopes: ['pumps|EMEA|2026-01'] }).scopes);
    expect(planRunOf({ id: 1, scopes: null }).scopes).toBeUndefined();
  });

  it('tell the newest plan, the run that goes on, and a last run that failed', () => {
    const run = (id: number, status: string, version?: number) => planRunOf({ id, status, version, started_at: `2026-01-01T00:00:0${id}Z` });
    expect(freshness([run(1, 'published', 7), run(2, 'failed'), run(3, 'running')])).toMatchObject({
      published: { version: 7 },
      running: { id: '3' },
      failed: { id: '2' },
    });
    expect(freshness([run(1, 'failed'), run(2, 'unchanged')]).failed).toBeUndefined();
  });
});
