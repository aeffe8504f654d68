import { describe, expect, it } from '@jest/globals';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from './write-context.ts';

const principal = (subject: string, more: Partial<Principal> = {}): Principal => ({ subject, role: 'analyst', amr: [], claims: {}, ...more });
const hopOf = (who: Principal, header: string): number => contextOf({ 'lakeloop-hop': header }, who).hop;

describe('the context of a write over HTTP', () => {
  it('takes the number of hops from a flow', () => {
    expect(hopOf(principal('flow:exceptions'), '3')).toBe(3);
    expect(hopOf(principal('flow:exceptions'), 'many')).toBe(0);
  });

  it('does not let people and agents say how many hops led here: flows would pass their changes over', () => {
    expect(hopOf(principal('ada'), '9999')).toBe(0);
    expect(hopOf(principal('ada', { agent: 'copilot', onBehalfOf: 'ada' }), '9999')).toBe(0);
    expect(hopOf(principal('flow:exceptions', { agent: 'copilot' }), '9999')).toBe(0);
  });
});
