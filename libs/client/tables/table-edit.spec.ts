import { describe, expect, it } from '@jest/globals';
import { callOf } from './table-edit.ts';

describe('an edit as a request', () => {
  it('names tables and columns of any kind, and says no more than it changes', () => {
    const table = { schema: 'app', name: 'we"ird/näme' };
    expect(callOf(table, { op: 'rename-column', column: 'a/b', to: 'c' })).toEqual({
      method: 'PATCH',
      path: '/v1/tables/we%22ird%2Fn%C3%A4me/columns/a%2Fb',
      body: { name: 'c' },
    });
    expect(callOf(table, { op: 'describe', label: null })).toMatchObject({ method: 'PATCH', body: { label: null } });
    expect(callOf(table, { op: 'revert', edit: '7' }).path).toBe('/v1/tables/we%22ird%2Fn%C3%A4me/edits/7/revert');
  });
});
