import { describe, expect, it } from '@jest/globals';
import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import type { TailChange } from '../tail/tail-record.ts';
import { see, type View } from './view.ts';

const change = (parts: Partial<TailChange>): TailChange => ({
  kind: 'change',
  partition: 0,
  offset: 0n,
  id: { systemId: '1', timeline: 1, commitLsn: 1n, ordinal: 0 },
  idText: 'event',
  commitLsn: 1n,
  xid: 1,
  op: 'u',
  key: { id: 1 },
  keyText: '{"id":1}',
  before: null,
  after: null,
  committedMs: 5,
  bytes: 1,
  ...parts,
});
const row = (open: boolean | null, extra = {}) => ({ id: 1, open, secret: 's', ...extra });
const everything: View = { columns: ['id', 'open'], key: ['id'], filters: [], filtered: [] };
const onlyOpen: View = { ...everything, filters: [(values) => values['open'] as boolean | null], filtered: ['open'] };

describe('what a subscriber sees of a change', () => {
  it.each([
    ['an insert that matches', { op: 'c', after: row(true) }, ['c', { id: 1, open: true }]],
    ['an insert that does not', { op: 'c', after: row(false) }, undefined],
    ['an insert of which it is unknown', { op: 'c', after: row(null) }, undefined],
    ['an update within', { before: row(true), after: row(true) }, ['u', { id: 1, open: true }]],
    ['an update that enters', { before: row(false), after: row(true) }, ['c', { id: 1, open: true }]],
    ['an update that leaves', { before: row(true), after: row(null) }, ['d', null]],
    ['an update outside', { before: row(false), after: row(null) }, undefined],
    ['a delete within', { op: 'd', before: row(true) }, ['d', null]],
    ['a delete outside', { op: 'd', before: row(false) }, undefined],
    ['a truncate', { op: 't', key: null }, ['t', null]],
    ['an update whose old row is not there, matching', { after: row(true) }, ['c', { id: 1, open: true }]],
    ['an update whose old row is not there, not matching', { after: row(false) }, 'gap'],
    ['a delete without the old row', { op: 'd' }, 'gap'],
    ['a row without the column that the filter reads', { op: 'c', after: { id: 1 } }, 'gap'],
    ['a record with another key than the table has', { op: 'c', key: { other: 1 }, after: row(true) }, 'gap'],
    ['a value left out, taken from the old row', { before: row(true), after: row(true, { open: UNAVAILABLE_VALUE }) }, ['u', { id: 1, open: true }]],
    ['a value left out in both', { before: row(true, { open: UNAVAILABLE_VALUE }), after: row(true, { open: UNAVAILABLE_VALUE }) }, 'gap'],
  ] as const)('%s', (_case, parts, expected) => {
    const seen = see(change(parts), onlyOpen);
    expect(typeof seen === 'object' ? [seen.op, seen.after] : seen).toEqual(expected);
  });

  it('leaves a value out that nobody has: the subscriber keeps what it has', () => {
    expect(see(change({ after: row(true, { open: UNAVAILABLE_VALUE }) }), everything)).toMatchObject({ op: 'u', after: { id: 1 } });
    expect(see(change({ after: row(true, { open: UNAVAILABLE_VALUE }) }), everything)).not.toHaveProperty('after.open');
  });

  it('never holds a column that is not the subscriber’s', () => {
    for (const op of ['c', 'u', 'd'] as const)
      expect(JSON.stringify(see(change({ op, before: row(true), after: row(true) }), onlyOpen))).not.toContain('secret');
  });
});
