import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partOf } from './conditional.ts';

const file = { size: 10, tag: '"t"' };
const asked = (headers: Record<string, string>, method = 'GET'): ReturnType<typeof partOf> => partOf({ method, headers }, file);

describe('a conditional read', () => {
  it.each<[Record<string, string>, number]>([
    [{}, 200],
    [{ 'if-none-match': '"t"' }, 304],
    [{ 'if-none-match': 'W/"t"' }, 304],
    [{ 'if-none-match': '"a", *' }, 304],
    [{ 'if-none-match': '"a"' }, 200],
    [{ 'if-match': '"t"' }, 200],
    [{ 'if-match': 'W/"t"' }, 412],
    [{ 'if-match': '"a"', 'if-none-match': '"t"' }, 412],
    [{ 'if-none-match': '"t"', range: 'bytes=99-' }, 304],
    [{ range: 'bytes=0-0' }, 206],
    [{ range: 'bytes=10-' }, 416],
    [{ range: 'bytes=-0' }, 416],
    [{ range: 'bytes=5-4' }, 200],
    [{ range: 'bytes=0-1,3-4' }, 200],
    [{ range: 'lines=1-2' }, 200],
    [{ range: 'bytes=-' }, 200],
    [{ range: 'bytes=99999999999999999999-' }, 200],
    [{ range: 'bytes=1-2', 'if-range': 'Sat, 28 Nov 2026 00:00:00 GMT' }, 200],
    [{ range: 'bytes=1-2', 'if-range': 'W/"t"' }, 200],
  ])('with %j is %i', (headers, status) => expect(asked(headers).status).toBe(status));

  it('has no part for HEAD', () => expect(asked({ range: 'bytes=1-2' }, 'HEAD')).toEqual({ status: 200 }));

  it('is of a range within the file, or of none', () =>
    fc.assert(
      fc.property(fc.nat(20), fc.option(fc.nat(30)), fc.option(fc.nat(30)), (size, from, to) => {
        const part = partOf({ method: 'GET', headers: { range: `bytes=${from ?? ''}-${to ?? ''}` } }, { size, tag: '"t"' });
        if (part.status !== 206) return;
        const { first, last } = part.range;
        expect(first >= 0 && first <= last && last < size).toBe(true);
      }),
    ));
});
