import { describe, expect, it } from '@jest/globals';
import { Parameters } from './parameters.ts';

describe('Parameters', () => {
  it('are one each, cast where they are used', () => {
    const parameters = new Parameters();
    expect([parameters.text('a'), parameters.cast(null, 'pg_catalog.int4')]).toEqual(['$1::pg_catalog.text', '$2::pg_catalog.int4']);
    expect(parameters.values).toEqual(['a', null]);
  });

  it('never outnumber what the protocol counts', () => {
    const parameters = new Parameters();
    const sql = Array.from({ length: 70_000 }, (_, index) => parameters.cast(index === 69_999 ? null : `${index}"`, 'pg_catalog.int4'));
    expect(parameters.values.length).toBeLessThanOrEqual(65_535);
    expect([sql[64_999], sql[65_000], sql[69_999]]).toEqual([
      '$65000::pg_catalog.int4',
      '($65001::pg_catalog.text[])[1]::pg_catalog.int4',
      '($65001::pg_catalog.text[])[5000]::pg_catalog.int4',
    ]);
    const last = parameters.values.at(-1) ?? '';
    expect(last.startsWith(String.raw`{"65000\"","65001\""`)).toBe(true);
    expect(last.endsWith(String.raw`,"69998\"",NULL}`)).toBe(true);
  });
});
