/**
 * A claim as text, the way `lakeloop.claim(name, type)` sees it in the JSON that we hand over: strings, booleans and integers of up to 15 digits.
 * Anything else (fractions, objects, lists, null) has no one spelling, and counts as no claim at all.
 */
export function claimText(claims: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : undefined;
}
