/** A cursor has no dot; a filter on a column of that name has one behind its operator. */
export function isCursor(name: string, value: string): boolean {
  return name === 'cursor' && !value.includes('.');
}
