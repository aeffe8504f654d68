import fc from 'fast-check';

/**
 * One thing that a session does. Numbers are chosen blindly and taken modulo what there is when it runs: which tables and columns exist depends on what went
 * before, rollbacks included.
 */
export type Step =
  | { do: 'insert' | 'upsert' | 'update' | 'update-many'; table: number; key: number; columns: number[]; values: number[] }
  | { do: 'move-key'; table: number; key: number; to: number }
  | { do: 'delete'; table: number; key: number; many: boolean }
  | { do: 'truncate'; tables: number[] }
  | { do: 'add-column'; table: number; type: number }
  | { do: 'drop-column'; table: number; column: number }
  | { do: 'rename-column'; table: number; column: number }
  | { do: 'widen-column'; table: number; column: number }
  | { do: 'create-table'; type: number; key: 'integer' | 'text' | 'both' }
  | { do: 'drop-table'; table: number }
  | { do: 'rename-table'; table: number }
  | { do: 'identity'; table: number; full: boolean }
  | { do: 'savepoint' }
  | { do: 'rollback-to' }
  | { do: 'release' }
  | { do: 'commit' }
  | { do: 'rollback' };

/** Which of two sessions does it. */
export type Run = readonly { session: 0 | 1; step: Step }[];

const small = fc.nat({ max: 7 });
const table = fc.nat({ max: 3 });
const row = {
  table,
  key: small,
  columns: fc.array(small, { minLength: 1, maxLength: 3 }),
  values: fc.array(fc.nat({ max: 40 }), { minLength: 3, maxLength: 3 }),
};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constantFrom('insert', 'upsert', 'update', 'update-many'), ...row }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move-key'), table, key: small, to: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete'), table, key: small, many: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate'), tables: fc.array(table, { minLength: 1, maxLength: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add-column'), table, type: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('drop-column', 'rename-column', 'widen-column'), table, column: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('create-table'), type: small, key: fc.constantFrom('integer', 'text', 'both') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drop-table', 'rename-table'), table }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('identity'), table, full: fc.boolean() }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom('savepoint', 'rollback-to', 'release', 'commit', 'commit', 'rollback') }) },
) as fc.Arbitrary<Step>;

export const runs: fc.Arbitrary<Run> = fc.array(fc.record({ session: fc.constantFrom(0, 0, 1), step }) as fc.Arbitrary<Run[number]>, {
  minLength: 10,
  maxLength: 60,
});
