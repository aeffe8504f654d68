import type { ColumnSpec } from '#contracts/http/tables';
import { listed } from '../history/change-words.ts';
import { rulesInWords } from '../schema/edit-words.ts';
import { columnTitle } from '../table-list.ts';

type Kind = 'range' | 'pattern' | 'options';

const HAS: Readonly<Record<Kind, (column: ColumnSpec) => boolean>> = {
  range: ({ min, max }) => min !== undefined || max !== undefined,
  pattern: ({ pattern }) => pattern !== undefined,
  options: ({ options }) => options !== undefined,
};
const BROKEN: Readonly<Record<Kind, string>> = { range: 'out of range', pattern: 'not as it has to look', options: 'none of its values' };

/** Why PostgreSQL refused a row, for people: constraints of ours are said by the columns that have such a rule, anything else as PostgreSQL says it. */
export function refusalInWords(message: string, columns: readonly ColumnSpec[]): string {
  const kind = /"lakeloop:(range|pattern|options):\d+"/.exec(message)?.[1] as Kind | undefined;
  const ruled = kind === undefined ? [] : columns.filter(HAS[kind]);
  if (kind === undefined || ruled.length === 0) return message;
  const [only] = ruled;
  if (ruled.length > 1 || !only) return `One of ${listed(ruled.map(columnTitle))} is ${BROKEN[kind]}`;
  return `${columnTitle(only)} is ${BROKEN[kind]} (${rulesInWords({ name: only.name, type: only.type, min: only.min, max: only.max, pattern: only.pattern, options: only.options }).join(', ')})`;
}
