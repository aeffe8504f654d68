import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LakeColumn, LakeType, LakeValue } from '../lake-type.ts';
import { Engine } from './engine.ts';
import { LocalStorage } from './local/local-storage.ts';
import { stage } from './batch.ts';
import { writeParquet } from './parquet.ts';

let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-statistics-'));
  engine = await Engine.open({ temporaryDirectory: directory });
});
afterAll(async () => {
  engine.close();
  await rm(directory, { recursive: true });
});

interface Statistics {
  numRecords: number;
  minValues?: Record<string, unknown>;
  maxValues?: Record<string, unknown>;
  nullCount: Record<string, number>;
}

async function statisticsFor(type: LakeType, values: readonly LakeValue[], name = 'x'): Promise<{ stats: Statistics; text: string }> {
  const columns: LakeColumn[] = [{ name, type }];
  return engine.session(async (session) => {
    const staged = await stage(
      session,
      { rows: values.map((value) => ({ [name]: value })) },
      { columns, strict: true, once: false, temporaryDirectory: directory },
    );
    const target = { storage: new LocalStorage(directory), directory, columns, partitionBy: [], dataChange: true, onFile: () => undefined };
    const [add] = await writeParquet(session, staged.relation, target);
    const text = add?.stats ?? '';
    return { text, stats: JSON.parse(text) as Statistics };
  });
}

describe('the statistics of a file', () => {
  it('bound every text, however long, in the order of its bytes', async () => {
    const texts = fc.array(
      fc.option(fc.string({ unit: fc.oneof(fc.constantFrom('a', '\u{10FFFF}', '🙂', '\u{FFFD}', '\0'), fc.string({ unit: 'binary' })), maxLength: 300 })),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const { stats } = await statisticsFor('string', values);
        expect(stats.numRecords).toBe(values.length);
        expect(stats.nullCount['x']).toBe(values.filter((value) => value === null).length);
        for (const value of values) {
          const { x: min } = (stats.minValues ?? {}) as { x?: string };
          const { x: max } = (stats.maxValues ?? {}) as { x?: string };
          if (value === null || min === undefined || max === undefined) continue;
          expect(Buffer.compare(Buffer.from(min), Buffer.from(value))).toBeLessThanOrEqual(0);
          expect(Buffer.compare(Buffer.from(max), Buffer.from(value))).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keep a bound of a long text short', async () => {
    const { stats } = await statisticsFor('string', ['b'.repeat(5_000), 'a'.repeat(5_000)]);
    expect(stats.minValues?.['x']).toBe('a'.repeat(32));
    expect(stats.maxValues?.['x']).toBe(`${'b'.repeat(32)}\u{10FFFF}`);
  });

  it('keep every digit of a 64-bit integer', async () => {
    const { text } = await statisticsFor('long', [2n ** 63n - 1n, -(2n ** 63n)]);
    expect(text).toContain('"minValues":{"x":-9223372036854775808},"maxValues":{"x":9223372036854775807}');
  });

  it('leave all bounds out where NaN or infinity would make one wrong', async () => {
    for (const value of [NaN, Infinity, -Infinity]) expect((await statisticsFor('double', [1, value])).stats).toEqual({ numRecords: 2, nullCount: { x: 0 } });
  });

  it('keep every digit of a decimal', async () => {
    const { text } = await statisticsFor({ decimal: { precision: 38, scale: 10 } }, ['-1234567890123456789012345678.0123456789', '0.0000000001']);
    expect(text).toContain('"minValues":{"x":-1234567890123456789012345678.0123456789},"maxValues":{"x":0.0000000001}');
  });

  it('round times outwards to the millisecond', async () => {
    const { stats } = await statisticsFor('timestamp', ['2024-01-01T00:00:00.123456Z']);
    expect([stats.minValues?.['x'], stats.maxValues?.['x']]).toEqual(['2024-01-01T00:00:00.123Z', '2024-01-01T00:00:00.124Z']);
  });

  it('go by a column name of any characters', async () => {
    for (const name of ['a.b', 'quo"te', 'sp ace', 'ünï', '__proto__'])
      expect(Object.entries((await statisticsFor('integer', [1, 3], name)).stats.maxValues ?? {})).toEqual([[name, 3]]);
  });
});
