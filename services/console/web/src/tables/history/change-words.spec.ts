import { describe, expect, it } from '@jest/globals';
import type { RowChange } from '#contracts/http/history';
import { deedOf, diffOf, effectInWords, keyInWords, listed, whoOf } from './change-words.ts';
import { TABLE } from '../testing/table.fixture.ts';

const change = (given: Partial<RowChange>): RowChange => ({
  id: '1',
  at: '2026-11-28T10:00:00.000000Z',
  operation: 'update',
  key: { id: 1 },
  actor: 'ana',
  agent: null,
  onBehalfOf: null,
  role: 'analyst',
  reason: null,
  flow: null,
  requestId: null,
  traceId: null,
  request: null,
  verified: true,
  changed: [],
  before: null,
  after: null,
  ...given,
});

describe('a change in words', () => {
  it('names the columns that it changed as people call them, and leaves out the note of who and when', () => {
    const images = { before: { amount: 1 }, after: { amount: 2 } };
    expect(deedOf(change({ changed: ['amount', 'gone', 'updated_at'], ...images }), TABLE)).toBe('changed Amount due and gone (dropped)');
    expect(deedOf(change({ changed: ['updated_at'], ...images }), TABLE)).toBe('changed nothing but who and when');
    expect(deedOf(change({ changed: [], ...images }), TABLE)).toBe('changed nothing that you may see');
    expect(deedOf(change({ before: null, after: { amount: 1 } }), TABLE)).toContain('one that you may see');
  });

  it('shows of a changed row what differs, of one that came all that it has, in the order of the table', () => {
    const before = { id: 1, note: 'a', amount: null, updated_at: 'x' };
    expect(diffOf(change({ changed: ['updated_at', 'note', 'amount'], before, after: { ...before, note: 'b', amount: 2n } }), TABLE)).toEqual([
      { column: 'amount', before: null, after: 2n },
      { column: 'note', before: 'a', after: 'b' },
    ]);
    expect(diffOf(change({ operation: 'insert', after: before }), TABLE).map(({ column }) => column)).toEqual(['note']);
  });

  it('tells people, agents and flows apart', () => {
    expect(whoOf(change({}))).toBe('ana');
    expect(whoOf(change({ agent: 'helper', onBehalfOf: 'bob' }))).toBe('helper, for bob');
    expect(whoOf(change({ flow: 'exceptions' }))).toBe('ana by exceptions');
    expect(whoOf(change({ flow: 'exceptions', actor: 'flow:exceptions' }))).toBe('flow:exceptions');
    expect(whoOf(change({ verified: false }))).toBe('ana (unverified)');
  });

  it('names a row by its key, of one column or several', () => {
    expect(keyInWords({ id: 12345678901234567890n })).toBe('12345678901234567890');
    expect(keyInWords({ place: 'Oslo', day: '2026-01-02' })).toBe('place Oslo, day 2026-01-02');
    expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });
});

describe('what an undo does', () => {
  const act = (action: 'insert' | 'update' | 'delete') => ({ table: 't', key: { id: 1 }, action, columns: [] });

  it('is told by kind, as far as the report lists it', () => {
    expect(effectInWords({ applied: false, rows: 3, actions: [act('update'), act('delete'), act('update')], conflicts: [], conflictCount: 0 })).toBe(
      '2 rows changed back and 1 deleted again.',
    );
    expect(effectInWords({ applied: false, rows: 1_500, actions: [act('update')], conflicts: [], conflictCount: 0 })).toBe('1,500 rows will be as before.');
    expect(effectInWords({ applied: false, rows: 0, actions: [], conflicts: [], conflictCount: 0 })).toContain('Nothing is left to do');
  });
});
