/** A cursor has no dot; a filter on a column of that name has one behind its operator. */
export function isCursor(name: string, value: string): boolean {
  return name === 'cursor' && !value.includes('.');
}

/** A moment begins with a digit; a filter on a column of that name begins with an operator. */
export function isMoment(name: string, value: string): boolean {
  return name === 'asOf' && !/^[a-z]/i.test(value);
}
