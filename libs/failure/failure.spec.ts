import { describe, expect, it } from '@jest/globals';
import { classify } from './classify.ts';
import { Failure } from './failure.ts';
import { FAILURE_KINDS } from './failure-kind.ts';
import { FAILURE_POLICY } from './policy.ts';

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

describe('failures', () => {
  it('have one reaction and one hint for every kind', () => {
    expect(Object.keys(FAILURE_POLICY).sort()).toEqual([...FAILURE_KINDS].sort());
    for (const kind of FAILURE_KINDS) expect(FAILURE_POLICY[kind].hint).toMatch(/\.$/);
  });

  it.each([
    ['ECONNREFUSED', 'dependency-unavailable'],
    ['ENOSPC', 'storage-full'],
    ['40001', 'conflict'],
    ['40P01', 'conflict'],
    ['57014', 'timeout'],
    ['57P01', 'dependency-unavailable'],
    ['08006', 'dependency-unavailable'],
    ['53300', 'overloaded'],
    ['42501', 'forbidden'],
    ['23505', 'invalid-input'],
    ['28P01', 'misconfigured'],
  ])('classify code %s as %s', (code, kind) => {
    expect(classify(withCode(code)).kind).toBe(kind);
  });

  it('look through AggregateError and cause for the code', () => {
    expect(classify(new AggregateError([new Error('x'), withCode('ECONNREFUSED')])).kind).toBe('dependency-unavailable');
    expect(classify(new Error('outer', { cause: withCode('ENOSPC') })).kind).toBe('storage-full');
  });

  it('keep a Failure as it is and call the unknown a bug with its cause', () => {
    const failure = new Failure('fenced', 'gone');
    expect(classify(failure)).toBe(failure);
    const cause = new TypeError('undefined is not a function');
    expect(classify(cause)).toMatchObject({ kind: 'bug', cause });
  });
});
