import { ApiError } from './api-error.ts';

/** The `Prefer` header (RFC 7240) as PostgREST reads it. */
export interface Preferences {
  return?: 'minimal' | 'headers-only' | 'representation';
  count?: 'exact' | 'planned' | 'estimated';
  resolution?: 'merge-duplicates' | 'ignore-duplicates';
  handling?: 'strict' | 'lenient';
  maxAffected?: number;
}

const CHOICES = {
  return: ['minimal', 'headers-only', 'representation'],
  count: ['exact', 'planned', 'estimated'],
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  handling: ['strict', 'lenient'],
} as const;

/** Unknown preferences are ignored, unless `handling=strict` asks for 400 PGRST122. The first of two contradicting ones counts. */
export function parsePrefer(header: string | undefined): Preferences {
  const preferences: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const item of (header ?? '').split(/[,;]/)) {
    const text = item.trim();
    if (text !== '' && !take(preferences, text)) unknown.push(text);
  }
  if (preferences['handling'] === 'strict' && unknown.length > 0)
    throw new ApiError(400, 'PGRST122', 'Invalid preferences given with handling=strict', { details: `Invalid preferences: ${unknown.join(', ')}` });
  return preferences;
}

function take(preferences: Record<string, unknown>, text: string): boolean {
  const [name = '', value = ''] = text.split('=', 2).map((part) => part.trim());
  if (name === 'max-affected' && /^\d{1,9}$/.test(value)) {
    preferences['maxAffected'] ??= Number(value);
    return true;
  }
  const choices: readonly string[] | undefined = Object.hasOwn(CHOICES, name) ? CHOICES[name as keyof typeof CHOICES] : undefined;
  if (!choices?.includes(value)) return false;
  preferences[name] ??= value;
  return true;
}

/** `Preference-Applied`, in PostgREST's order; undefined when nothing was. */
export function appliedPreferences(preferences: Preferences, applied: readonly (keyof Preferences)[]): string | undefined {
  const order = ['resolution', 'return', 'count', 'handling', 'maxAffected'] as const;
  const items = order
    .filter((name) => applied.includes(name) && preferences[name] !== undefined)
    .map((name) => `${name === 'maxAffected' ? 'max-affected' : name}=${preferences[name]}`);
  return items.length === 0 ? undefined : items.join(', ');
}
