/** One edit that is made under fire. `body` for POST of a column, or PATCH of `column`. */
export interface Round {
  name: string;
  column?: string;
  body: Record<string, unknown>;
  /** How it has to end. */
  end: 'applied' | 'failed' | 'cancelled';
  /** Columns that it makes, with their types, where it is applied. */
  columns: Record<string, string>;
}

/** Edits that lead back to the beginning: `turn` makes new columns' names. Those that are to fail, or to be cancelled, must leave the table as it was. */
export function roundsOf(turn: number): Round[] {
  const size = `size_${turn}`;
  return [
    { name: 'another type, cancelled', column: 'amount', body: { type: 'decimal' }, end: 'cancelled', columns: { amount: 'numeric' } },
    { name: 'another type that a row is in the way of', column: 'amount', body: { type: 'integer', min: 0 }, end: 'failed', columns: { amount: 'bigint' } },
    {
      name: 'another type with rules',
      column: 'amount',
      body: { type: 'integer', required: true, unique: true, min: 0, default: 0 },
      end: 'applied',
      columns: { amount: 'bigint' },
    },
    { name: 'a column with rules', body: { name: size, type: 'integer', required: true, default: 7, min: 0 }, end: 'applied', columns: { [size]: 'bigint' } },
    {
      name: 'the old type',
      column: 'amount',
      body: { type: 'text', required: null, unique: null, min: null, default: null },
      end: 'applied',
      columns: { amount: 'text' },
    },
  ];
}
