/**
 * PostgREST's operators. `sql` stands between column and operand; `operand` is the operand's type: the column's own, or text.
 * `quantified`: takes `(any)` and `(all)`.
 */
export const OPERATORS = {
  eq: { sql: '=', operand: 'column', quantified: true },
  neq: { sql: '<>', operand: 'column', quantified: false },
  gt: { sql: '>', operand: 'column', quantified: true },
  gte: { sql: '>=', operand: 'column', quantified: true },
  lt: { sql: '<', operand: 'column', quantified: true },
  lte: { sql: '<=', operand: 'column', quantified: true },
  like: { sql: 'like', operand: 'text', quantified: true },
  ilike: { sql: 'ilike', operand: 'text', quantified: true },
  match: { sql: '~', operand: 'text', quantified: true },
  imatch: { sql: '~*', operand: 'text', quantified: true },
  in: { sql: '=', operand: 'list', quantified: false },
  is: { sql: 'is', operand: 'word', quantified: false },
  isdistinct: { sql: 'is distinct from', operand: 'column', quantified: false },
  cs: { sql: '@>', operand: 'column', quantified: false },
  cd: { sql: '<@', operand: 'column', quantified: false },
  ov: { sql: '&&', operand: 'column', quantified: false },
  sl: { sql: '<<', operand: 'column', quantified: false },
  sr: { sql: '>>', operand: 'column', quantified: false },
  nxr: { sql: '&<', operand: 'column', quantified: false },
  nxl: { sql: '&>', operand: 'column', quantified: false },
  adj: { sql: '-|-', operand: 'column', quantified: false },
  fts: { sql: 'to_tsquery', operand: 'search', quantified: false },
  plfts: { sql: 'plainto_tsquery', operand: 'search', quantified: false },
  phfts: { sql: 'phraseto_tsquery', operand: 'search', quantified: false },
  wfts: { sql: 'websearch_to_tsquery', operand: 'search', quantified: false },
} as const satisfies Record<string, OperatorShape>;

interface OperatorShape {
  sql: string;
  operand: 'column' | 'text' | 'list' | 'word' | 'search';
  quantified: boolean;
}

export type OperatorName = keyof typeof OPERATORS;

export function isOperator(name: string): name is OperatorName {
  return Object.hasOwn(OPERATORS, name);
}
