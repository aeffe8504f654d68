import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dispositionOf } from '../exports/content-disposition.ts';
import { nameOf } from './file-name.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe("a file's name", () => {
  it.each([
    ['attachment; filename="plain.txt"', 'plain.txt'],
    ['attachment; filename=plain.txt', 'plain.txt'],
    [String.raw`attachment; filename="say \"hi\".txt"`, 'say "hi".txt'],
    [`attachment; filename="x.txt"; filename*=UTF-8''%E2%82%AC.txt`, '€.txt'],
    [`attachment; filename="x.txt"; filename*=UTF-8''%ZZ`, 'x.txt'],
    [`attachment; filename*=ISO-8859-1'en'%A3; filename=x`, 'x'],
    [latin1('attachment; filename="Überblick.txt"'), 'Überblick.txt'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    [String.raw`attachment; filename*=UTF-8''..%5C..%5Cboot.ini`, 'boot.ini'],
    ['attachment; filename=".."', 'file'],
    ['attachment; filename="a/"', 'file'],
    [`attachment; filename*=UTF-8''a%0D%0ASet-Cookie:%20x`, 'a__Set-Cookie: x'],
    [`attachment; filename*=UTF-8''a%00.txt`, 'a_.txt'],
    [`attachment; filename*=UTF-8''invoice%E2%80%AEfdp.exe`, 'invoicefdp.exe'],
    ['attachment; filename=""', 'file'],
    ['attachment', 'file'],
    [undefined, 'file'],
  ])('of %j is %j', (disposition, name) => expect(nameOf(disposition)).toBe(name));

  it('has at most 255 bytes, and keeps its extension', () => {
    const name = nameOf(`attachment; filename*=UTF-8''${encodeURIComponent(`${'€'.repeat(200)}.xlsx`)}`);
    expect([Buffer.byteLength(name) <= 255, Buffer.byteLength(name) > 250, name.endsWith('€.xlsx')]).toEqual([true, true, true]);
    expect(Buffer.byteLength(nameOf(`attachment; filename=a.${'x'.repeat(300)}`))).toBe(255);
  });

  it('of any characters is one line without a folder, and comes back from the header it is sent in', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = nameOf(`attachment; filename*=UTF-8''${encodeURIComponent(text.toWellFormed())}`);
        expect(name).toMatch(/^[^\p{Cc}/\\\u202a-\u202e]+$/u);
        const header = dispositionOf('attachment', name);
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(nameOf(header)).toBe(name);
      }),
    ));
});
