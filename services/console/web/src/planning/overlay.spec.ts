import { describe, expect, it } from '@jest/globals';
import { drops, hides, merged, NOTHING, settled, shows } from './overlay.ts';
import { adjustment } from './planning.fixture.ts';

const stream = new Map([1, 2].map((id) => [String(id), adjustment(id)]));

describe('edits that the stream has not told yet', () => {
  it('are shown over its rows, and what was removed is not', () => {
    const overlay = hides(shows(NOTHING, [adjustment(1, { amount: '99' }), adjustment(3)], true), ['2'], true);
    expect([...merged(stream, overlay).keys()]).toEqual(['1', '3']);
    expect(stream.size).toBe(2);
  });

  it('stay while the server has not answered, whatever the stream says', () => {
    const overlay = hides(shows(NOTHING, [adjustment(1)], true), ['9'], true);
    expect(settled(overlay, stream)).toBe(overlay);
  });

  it('go once the stream holds the same or something newer', () => {
    const sent = shows(NOTHING, [adjustment(1), adjustment(2, { updated_at: '2026-01-02T00:00:00Z' })], false);
    const rest = settled(sent, stream);
    expect([...rest.shown.keys()]).toEqual(['2']);
    expect(settled(rest, new Map([['2', adjustment(2, { updated_at: '2026-01-02T00:00:00.000001+00:00' })]])).shown.size).toBe(0);
    expect(settled(hides(NOTHING, ['1', '9'], false), stream).gone.size).toBe(1);
  });

  it('can be taken back', () => {
    expect(drops(hides(shows(NOTHING, [adjustment(1)], true), ['2'], true), ['1', '2'])).toEqual(NOTHING);
  });
});
