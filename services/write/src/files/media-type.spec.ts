import { describe, expect, it } from '@jest/globals';
import { mayBeShown, mediaTypeOf } from './media-type.ts';

describe('a media type', () => {
  it.each([
    ['text/plain', 'text/plain'],
    ['text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
    ['text/plain;x="a \\" b"', 'text/plain;x="a \\" b"'],
    ['application/vnd.x+json', 'application/vnd.x+json'],
    ['text', 'application/octet-stream'],
    ['text/plain; a', 'application/octet-stream'],
    ['text/plain\u00e4', 'application/octet-stream'],
    [`text/${'x'.repeat(300)}`, 'application/octet-stream'],
    ['', 'application/octet-stream'],
    [undefined, 'application/octet-stream'],
  ])('%j is taken as %j', (given, taken) => expect(mediaTypeOf(given)).toBe(taken));

  it('is harmless where nothing of it runs', () => {
    for (const type of ['image/png', 'IMAGE/JPEG; x=1', 'text/plain; charset=utf-8']) expect(mayBeShown(type)).toBe(true);
    for (const type of ['text/html', 'image/svg+xml', 'application/pdf', 'application/xhtml+xml', 'text/xml', 'text/javascript'])
      expect(mayBeShown(type)).toBe(false);
  });
});
