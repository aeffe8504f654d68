import { describe, expect, it } from '@jest/globals';
import type { RowChange } from '#contracts/http/history';
import type { SchemaEdit } from '#contracts/http/tables';
import { EVERYTHING, filterQuery, timelineOf } from './timeline.ts';

const at = (minute: number): string => `2026-11-28T10:${String(minute).padStart(2, '0')}:00.000000Z`;
const change = (id: string, minute: number): RowChange => ({ id, at: at(minute) }) as RowChange;
const edit = (id: string, minute: number, actor = 'ana'): SchemaEdit => ({ id, at: at(minute), actor }) as SchemaEdit;
const told = (...given: Parameters<typeof timelineOf>): string[] =>
  timelineOf(...given).map((each) => (each.kind === 'edit' ? `edit ${each.edit.id}` : each.change.id));

describe('changes and edits in one list', () => {
  it('are newest first', () => {
    expect(told([change('9', 30), change('8', 10)], [edit('2', 20), edit('1', 5)], EVERYTHING, true)).toEqual(['9', 'edit 2', '8', 'edit 1']);
  });

  it('wait with edits that are older than the changes read so far', () => {
    expect(told([change('9', 30), change('8', 10)], [edit('2', 20), edit('1', 5)], EVERYTHING, false)).toEqual(['9', 'edit 2', '8']);
    expect(told([], [edit('1', 5)], EVERYTHING, false)).toEqual([]);
  });

  it('are picked alike by who and when', () => {
    const edits = [edit('3', 40), edit('2', 20, 'bob'), edit('1', 5)];
    expect(told([], edits, { ...EVERYTHING, actor: ' bob ' }, true)).toEqual(['edit 2']);
    expect(told([], edits, { actor: '', since: at(20), until: at(40) }, true)).toEqual(['edit 2']);
  });
});

describe('the filter for the API', () => {
  it('has only what is asked for, times in UTC', () => {
    expect(filterQuery(EVERYTHING)).toEqual({});
    const local = new Date('2026-11-28T10:00:00Z');
    const typed = new Date(local.getTime() - local.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    expect(filterQuery({ actor: 'ana', since: typed, until: 'nonsense' })).toEqual({ actor: 'ana', since: '2026-11-28T10:00:00.000Z' });
  });
});
