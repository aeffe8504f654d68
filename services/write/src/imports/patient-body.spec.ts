import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { patientBody } from './patient-body.ts';
import { csvRecords, ndjsonRecords } from './records.ts';

describe('a body that was cut off before anybody looked', () => {
  it.each([
    ['CSV', csvRecords],
    ['JSON', ndjsonRecords],
  ])('ends the records of %s', async (_format, recordsOf) => {
    const body = new Readable({ read: () => undefined });
    body.destroy();
    await once(body, 'close');
    await expect(recordsOf(patientBody(body, 60_000), { bytes: 0, lines: 0 }).next()).rejects.toThrow('Premature close');
  });
});
