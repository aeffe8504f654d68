import { describe, expect, it } from '@jest/globals';
import type { EditReport } from '#contracts/http/tables';
import { orderOf } from './edit-order.ts';
import type { Edit } from './edits-api.ts';

const table = { schema: 'app', name: 'orders' };
const change: Edit = { op: 'change-column', table, column: 'a', change: { type: 'integer' } };
const rename: Edit = { op: 'rename-column', table, column: 'a', to: 'b' };
const reports = (inSteps: boolean): EditReport[] => [{ inSteps }, { inSteps: false }] as EditReport[];

describe('edits of one form', () => {
  it('are made with the new name last, or first where the others go on in steps', () => {
    expect(orderOf([change, rename], reports(false))).toEqual([change, rename]);
    expect(orderOf([change, rename], reports(true))).toEqual([rename, { ...change, column: 'b' }]);
    expect(orderOf([change], reports(true))).toEqual([change]);
  });
});
