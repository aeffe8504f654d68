import { describe, expect, it } from '@jest/globals';
import type { EditList, EditProgress } from '#contracts/http/tables';
import { unsettled } from './unsettled.ts';

const inSteps = (id: string, state: EditProgress['state']): EditProgress => ({ id, state }) as EditProgress;
const list = (edits: readonly string[], newest: EditProgress | null): EditList => ({ edits: edits.map((id) => ({ id })), inSteps: newest }) as EditList;

describe('an edit in steps', () => {
  it('is shown while it is under way, and when it did not go through until another did', () => {
    for (const latest of ['9', '11']) expect(unsettled(list([latest], inSteps('10', 'running')))?.id).toBe('10');
    for (const state of ['failed', 'cancelled'] as const) {
      expect(unsettled(list(['9'], inSteps('10', state)))?.state).toBe(state);
      expect(unsettled(list([], inSteps('10', state)))?.state).toBe(state);
      expect(unsettled(list(['100', '9'], inSteps('99', state)))).toBeNull();
    }
    expect(unsettled(list(['10'], inSteps('10', 'applied')))).toBeNull();
    expect(unsettled(list(['10'], null))).toBeNull();
  });
});
