import { describe, expect, it } from '@jest/globals';
import { parseLsn } from '#libs/pgoutput/lsn';
import { formatProgress, parseProgress, type Progress } from './progress.ts';

describe('a progress record', () => {
  it.each<Progress>([
    { state: 'creating', systemId: '1', timeline: 1, gap: null },
    { state: 'creating', systemId: '1', timeline: 1, gap: { reason: 'slot-missing', detail: 'gone', from: parseLsn('0/1') } },
    {
      state: 'streaming',
      systemId: '1',
      timeline: 2,
      fingerprint: 'f',
      publicationOid: '7',
      position: { end: parseLsn('1/FF'), lastCommit: null, open: null },
    },
    {
      state: 'streaming',
      systemId: '18446744073709551615',
      timeline: 2,
      fingerprint: 'f',
      publicationOid: null,
      position: { end: parseLsn('1/FF'), lastCommit: parseLsn('1/F0'), open: { commitLsn: parseLsn('2/0'), changes: 7 } },
    },
  ])('reads back what it wrote: $state', (progress) => {
    expect(parseProgress(formatProgress(progress))).toEqual(progress);
  });

  it.each(['', '{}', '{"version":2,"state":"creating","systemId":"1","timeline":1}'])('refuses %j', (text) => {
    expect(() => parseProgress(text)).toThrow();
  });
});
