import { expect, it } from '@jest/globals';
import { withSpools } from './spool.ts';

const rows = Array.from({ length: 60 }, (_, n) => ({ n, text: `é漢🙂\n\t\u2028,"${'x'.repeat(n)}` }));
const SIZES = [2, 30, 100, 4_096, 1_000_000];

it('gives every row back once, in order, in batches of any size', async () => {
  for (const bytes of SIZES) {
    await withSpools(async ({ fresh }) => {
      for (const row of rows) await fresh.add(row);
      const batches: object[][] = [];
      for await (const batch of fresh.batches(bytes)) {
        batches.push(JSON.parse(batch.rows) as object[]);
        expect(batch.bulk).toBe('');
      }
      expect(batches.flat()).toEqual(rows);
      expect(batches.every(({ length }) => length > 0)).toBe(true);
      expect(fresh.count).toBe(rows.length);
    });
  }
});

it('gives each row its own bulk back', async () => {
  const pairs = rows.map((row, n) => ({ row, bulk: { of: n, text: row.text } }));
  for (const bytes of SIZES) {
    await withSpools(async ({ changes }) => {
      for (const { row, bulk } of pairs) await changes.add(row, JSON.stringify(bulk));
      const found: unknown[] = [];
      for await (const batch of changes.batches(bytes)) {
        const bulks = batch.bulk.split('\n');
        found.push(...(JSON.parse(batch.rows) as object[]).map((row, index) => ({ row, bulk: JSON.parse(bulks[index] ?? '') as unknown })));
      }
      expect(found).toEqual(pairs);
      const read: unknown[] = [];
      for await (const { row, bulk } of changes.rows()) read.push({ row, bulk: JSON.parse(bulk) as unknown });
      expect(read).toEqual(pairs);
    });
  }
});
