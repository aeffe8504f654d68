import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Lakehouse, LakeTable } from '../lakehouse.ts';
import { rowsOf } from './rows.conformance.ts';

const columns: LakeColumn[] = [
  { name: 'id', type: 'integer' },
  { name: 'part', type: 'string' },
];

/** `changes` keeps its law whatever happened between the versions. */
export function describeChanges(at: () => { lake: Lakehouse; table: LakeTable }): void {
  describe('changes between two versions', () => {
    let lake: Lakehouse;
    let table: LakeTable;
    beforeEach(async () => {
      ({ lake, table } = at());
      await lake.ensureTable(table, { columns, partitionBy: ['part'] });
    });

    const read = async ({ sql, release }: { sql: string; release: () => Promise<void> }, names: string): Promise<LakeValue[][]> => {
      try {
        return await rowsOf(await lake.query({ sql: `select ${names} from ${sql} r` }));
      } finally {
        await release();
      }
    };
    /** (rows of `from`) − removed + added = rows of `to`, as multisets. */
    const holds = async (from: bigint, to: bigint, names = 'id, part'): Promise<{ added: number; removed: number }> => {
      const changes = await lake.changes(table, from, to);
      const [added, removed] = [await read(changes.added, names), await read(changes.removed, names)];
      const old = await read(await lake.relation(table, { version: from }), names.replace('more', 'null as more'));
      const counts = new Map<string, number>();
      const count = (rows: LakeValue[][], by: number): void => {
        for (const row of rows) counts.set(row.join('|'), (counts.get(row.join('|')) ?? 0) + by);
      };
      count(old, 1);
      count(removed, -1);
      expect([...counts.values()].filter((left) => left < 0)).toEqual([]);
      count(added, 1);
      count(await read(await lake.relation(table, { version: to }), names), -1);
      expect([...counts].filter(([, left]) => left !== 0)).toEqual([]);
      return { added: added.length, removed: removed.length };
    };
    const rows = (...ids: number[]): { rows: { id: number; part: string }[] } => ({ rows: ids.map((id) => ({ id, part: id % 2 === 0 ? 'even' : 'odd' })) });

    it('turn the rows of one into those of the other, over appends, merges, replacements and compactions', async () => {
      const versions = [
        await lake.append(table, rows(1, 2, 3, 3)),
        await lake.append(table, rows(4, 5)),
        await lake.merge(table, { rows: [{ id: 3, part: 'moved' }] }, { key: ['id'] }),
        await lake.compact(table),
        await lake.replace(table, rows(6), { where: { part: 'even' } }),
        await lake.replace(table, rows(7, 7)),
      ].map(({ version }) => version);
      for (const from of [0n, ...versions]) for (const to of versions.filter((version) => version >= from)) await holds(from, to);
    });

    it('hold nothing that cannot differ', async () => {
      const { version: from } = await lake.append(table, rows(1, 2, 3));
      const { version: to } = await lake.append(table, rows(4, 5));
      expect(await holds(from, to)).toEqual({ added: 2, removed: 0 });
      expect(await holds(to, to)).toEqual({ added: 0, removed: 0 });
    });

    it('show old rows in the new columns', async () => {
      const { version: from } = await lake.append(table, rows(1, 2));
      const evolve = { columns: [{ name: 'more', type: 'string' as const }] };
      const { version: to } = await lake.replace(table, { rows: [{ id: 2, part: 'even', more: 'x' }] }, { evolve });
      expect(await holds(from, to, 'id, part, more')).toEqual({ added: 1, removed: 2 });
    });

    it('run forward only, between versions that there are', async () => {
      const { version } = await lake.append(table, rows(1));
      await expect(lake.changes(table, version, version - 1n)).rejects.toMatchObject({ kind: 'invalid-input' });
      await expect(lake.changes(table, version, 99n)).rejects.toMatchObject({ kind: 'position-lost' });
    });
  });
}
