import { describe, expect, it } from '@jest/globals';
import type { FlowDescription } from '#contracts/http/flows';
import { ApiError, apiErrorOf } from '../api/api-error.ts';
import { inWords } from '../api/in-words.ts';
import { inList } from '../api/rows.ts';
import { rowsQuery } from '../subjects/rows-query.ts';
import { duration, waterfall } from '../trace/waterfall.ts';
import { type Case, recommendationOf } from './case.ts';
import type { WholeCase } from './case-query.ts';
import { choices, dispositionRow } from './decision.ts';
import { countTabs, matches } from './queue-view.ts';

const move = (to: string) => ({ kind: 'move', to }) as const;
const flow: FlowDescription = {
  name: 'things',
  title: 'Things',
  schema: 'things',
  subject: {
    table: 'parts',
    key: { column: 'id', type: 'bigint' },
    reference: 'part_id',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'maker', type: 'text' },
      { name: 'price', type: 'numeric(10,2)' },
    ],
    correctable: ['price'],
    summary: ['maker'],
  },
  labels: [
    { class: 'fine', title: 'Fine' },
    { class: 'broken', title: 'Broken' },
  ],
  machine: {
    flagged: { flag: { kind: 'refuse' }, recommend: move('recommended'), withdraw: move('withdrawn') },
    recommended: { flag: { kind: 'refuse' }, approve: move('approved'), override: move('overridden'), correct: move('corrected'), withdraw: move('withdrawn') },
    ...Object.fromEntries(
      ['approved', 'overridden', 'corrected', 'withdrawn'].map((state) => [state, { flag: { kind: 'open' } as const, approve: { kind: 'refuse' } as const }]),
    ),
  },
  roles: { flag: ['analyst', 'chief'], approve: ['chief'], read: ['analyst', 'chief', 'auditor'], work: [], administer: [] },
};
const aCase = (change: Partial<Case> = {}): Case => ({
  id: 'c1',
  subjectKey: 7,
  note: 'Looks Odd',
  flaggedBy: 'ana',
  flaggedAt: '2026-01-01T00:00:00Z',
  state: 'recommended',
  traceId: 'f'.repeat(32),
  ...change,
});
const whole = (change: Partial<Case> = {}): WholeCase => ({ case: aCase(change), subject: undefined, recommendation: undefined, disposition: undefined });

describe('what a person may do with a case', () => {
  it('is to decide, for an approver who did not flag it, once there is a recommendation', () => {
    expect(choices(flow, whole(), { subject: 'carl', role: 'chief' }).decide).toBe(true);
    expect(choices(flow, whole({ state: 'flagged' }), { subject: 'carl', role: 'chief' })).toMatchObject({
      decide: false,
      explanation: expect.stringContaining('recommendation'),
    });
  });

  it('is not to decide what they flagged, nor what their role may not, and they are told why', () => {
    expect(choices(flow, whole({ flaggedBy: 'carl' }), { subject: 'carl', role: 'chief' })).toMatchObject({
      decide: false,
      withdraw: true,
      explanation: expect.stringContaining('four eyes'),
    });
    expect(choices(flow, whole(), { subject: 'udo', role: 'auditor' })).toMatchObject({
      decide: false,
      withdraw: false,
      explanation: expect.stringContaining('chief'),
    });
  });

  it('is nothing once it is decided', () => {
    for (const state of ['approved', 'overridden', 'corrected', 'withdrawn'])
      expect(choices(flow, whole({ state }), { subject: 'ana', role: 'chief' })).toEqual({ decide: false, withdraw: false, explanation: undefined });
  });
});

describe('the row of a decision', () => {
  const form = { label: 'broken', reason: ' because ', corrected: { price: '3.00' } };
  it('holds what that way of deciding takes, and no more', () => {
    expect(dispositionRow('c1', { decision: 'approve', ...form })).toEqual({ flag_id: 'c1', action: 'approve', reason: 'because' });
    expect(dispositionRow('c1', { decision: 'override', ...form })).toEqual({ flag_id: 'c1', action: 'override', class: 'broken', reason: 'because' });
    expect(dispositionRow('c1', { decision: 'correct', ...form })).toEqual({
      flag_id: 'c1',
      action: 'correct',
      class: 'broken',
      reason: 'because',
      correction: { price: '3.00' },
    });
  });
});

describe('the queue', () => {
  const entries = [
    { case: aCase(), subject: { maker: 'Meyer' } },
    { case: aCase({ id: 'c2', state: 'approved', flaggedBy: 'bo' }) },
    { case: aCase({ id: 'c3', state: 'withdrawn' }) },
  ];
  it('counts each tab', () => {
    expect(countTabs(entries, { flow, subject: 'ana' })).toEqual({ open: 1, mine: 2, decided: 1, all: 3 });
  });

  it('finds every word anywhere in the case, whatever the case of letters', () => {
    expect(entries.map((entry) => matches(entry, 'odd MEYER'))).toEqual([true, false, false]);
    expect(entries.map((entry) => matches(entry, ' '))).toEqual([true, true, true]);
  });
});

describe('a refusal in words', () => {
  it('is read from both dialects', async () => {
    const rest = await apiErrorOf(
      Response.json({ code: 'PT409', message: 'this case is approved', details: '{"state":"approved"}', hint: null }, { status: 409 }),
    );
    expect([rest.state, inWords(rest).title, inWords(rest).stale]).toEqual(['approved', 'Someone was faster', true]);
    const problem = await apiErrorOf(Response.json({ type: 'urn:x', title: 'Forbidden', detail: 'no role', status: 403 }, { status: 403 }));
    expect(inWords(problem)).toEqual({ title: 'Not allowed', detail: 'No role.', stale: false });
    expect((await apiErrorOf(new Response('<html>', { status: 502 }))).message).toContain('502');
  });

  it('explains four eyes', () => {
    const taken = (name: string): ApiError => new ApiError(409, `duplicate key value violates unique constraint "${name}"`, { code: '23505' });
    expect(inWords(taken('flags_one_open_case')).title).toBe('Already flagged');
    expect(inWords(taken('orders_pkey')).title).toBe('There already');
    expect(inWords(new ApiError(403, 'four eyes: who flagged a case does not decide it')).detail).toContain('You flagged this case');
  });
});

describe('a page of rows', () => {
  it('asks for readable columns in a total order, and for text in text columns alone', () => {
    const query = rowsQuery(flow, { page: 2, sort: { column: 'maker', descending: true }, search: '' });
    expect(Object.fromEntries(query)).toEqual({ select: 'id,maker,price', order: 'maker.desc.nullslast,id.desc', limit: '100', offset: '200' });
    expect(rowsQuery(flow, { page: 0, sort: { column: 'id', descending: true }, search: 'a"b,c)' }).get('or')).toBe('(maker.ilike."*a\\"b,c)*")');
    expect(rowsQuery(flow, { page: 0, sort: { column: 'id', descending: true }, search: '42' }).get('or')).toBe('(maker.ilike."*42*",id.eq.42)');
  });

  it('names values so that any text is one value', () => {
    expect(inList(['a,b', 'c"d', 7n])).toBe('in.("a,b","c\\"d","7")');
  });
});

describe('the waterfall', () => {
  const step = (elapsedMs: number) => ({ kind: 'write' as const, actor: 'ana', table: 'things.flags', key: {}, at: '', elapsedMs });
  it('puts each step behind the one before, over the whole width', () => {
    const lanes = waterfall([step(0), step(4), step(4), step(60_004)]);
    expect(lanes.map(({ from }) => from)).toEqual([0, ...lanes.slice(0, -1).map(({ to }) => to)]);
    expect(lanes.at(-1)?.to).toBeCloseTo(1);
    expect(lanes.map(({ took }) => took)).toEqual(['start', '+4 ms', '+0.0 ms', '+1 min']);
    expect(waterfall([step(0)])).toMatchObject([{ from: 0, to: 0 }]);
  });

  it('says durations in the unit that fits', () => {
    expect([0.42, 999, 1500, 120_000, 5_400_000].map(duration)).toEqual(['0.4 ms', '999 ms', '1.5 s', '2 min', '1.5 h']);
  });
});

describe('a recommendation', () => {
  it('is read alike from the row API and from a change event, where jsonb is text', () => {
    const row = { class: 'broken', confidence: 0.7, model_version: '1', created_at: '' };
    expect(recommendationOf({ ...row, contributions: '[]', probabilities: '{"broken":0.7}' })).toEqual(
      recommendationOf({ ...row, contributions: [], probabilities: { broken: 0.7 } }),
    );
  });
});
