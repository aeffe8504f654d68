import { expect, it } from '@jest/globals';
import { withSpools } from './spool.ts';

it('gives every row back once, in order, in batches of any size', async () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({ n, text: `é漢🙂\n,"${'x'.repeat(n)}` }));
  for (const bytes of [2, 30, 100, 4_096, 1_000_000]) {
    await withSpools(async ({ fresh }) => {
      for (const row of rows) await fresh.add(row);
      const batches: object[][] = [];
      for await (const batch of fresh.batches(bytes)) batches.push(JSON.parse(batch) as object[]);
      expect(batches.flat()).toEqual(rows);
      expect(batches.every(({ length }) => length > 0)).toBe(true);
      expect(fresh.count).toBe(rows.length);
    });
  }
});
