import type { EditReport } from '#contracts/http/tables';
import type { Edit } from './edits-api.ts';

/**
 * The order in which edits that were tried are made. A column's new name comes after its other changes, which find it under the old one; where those go on in steps it comes
 * before them, for the table takes no other edit meanwhile.
 */
export function orderOf(edits: readonly Edit[], reports: readonly EditReport[]): readonly Edit[] {
  const [change, rename] = edits;
  if (change?.op !== 'change-column' || rename?.op !== 'rename-column' || !reports[0]?.inSteps) return edits;
  return [rename, { ...change, column: rename.to }];
}
