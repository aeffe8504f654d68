import { ApiError } from './api-error.ts';

/** The `Prefer` header (RFC 7240) as PostgREST reads it. */
export interface Preferences {
  return?: 'minimal' | 'headers-only' | 'representation';
  count?: 'exact' | 'planned' | 'estimated';
  resolution?: 'merge-duplicates' | 'ignore-duplicates';
  missing?: 'default' | 'null';
  handling?: 'strict' | 'lenient';
  tx?: 'commit' | 'rollback';
  /** Ours: pages that go by the last row's values. */
  page?: 'keyset';
  timezone?: string;
  maxAffected?: number;
  /** Ours: a name for the file that the answer is to be saved as; empty for the table's. */
  download?: string;
}

const CHOICES = {
  return: ['minimal', 'headers-only', 'representation'],
  count: ['exact', 'planned', 'estimated'],
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  missing: ['default', 'null'],
  handling: ['strict', 'lenient'],
  tx: ['commit', 'rollback'],
  page: ['keyset'],
} as const;

/** Unknown preferences are ignored, unless `handling=strict` asks for 400 PGRST122. The first of two contradicting ones counts. */
export function parsePrefer(header: string | undefined): Preferences {
  const preferences: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const item of (header ?? '').split(',')) {
    const text = item.trim();
    if (text !== '' && !take(preferences, text)) unknown.push(text);
  }
  if (preferences['handling'] === 'strict' && unknown.length > 0) throw invalidPreferences(unknown);
  return preferences;
}

/** 400 PGRST122 */
export function invalidPreferences(unknown: readonly string[]): ApiError {
  return new ApiError(400, 'PGRST122', 'Invalid preferences given with handling=strict', { details: `Invalid preferences: ${unknown.join(', ')}` });
}

function take(preferences: Record<string, unknown>, text: string): boolean {
  const [name = '', value = ''] = text.split('=', 2).map((part) => part.trim());
  if (name === 'max-affected' && /^\d{1,9}$/.test(value)) {
    preferences['maxAffected'] ??= Number(value);
    return true;
  }
  if (name === 'download') {
    preferences['download'] ??= value.replace(/^"(.*)"$/s, '$1');
    return true;
  }
  if (name === 'timezone') {
    preferences['timezone'] ??= value;
    return true;
  }
  const choices: readonly string[] | undefined = Object.hasOwn(CHOICES, name) ? CHOICES[name as keyof typeof CHOICES] : undefined;
  if (!choices?.includes(value)) return false;
  preferences[name] ??= value;
  return true;
}

const ORDER = ['resolution', 'missing', 'return', 'count', 'tx', 'handling', 'timezone', 'maxAffected', 'page'] as const;

/** `Preference-Applied`, in PostgREST's order; undefined when nothing was. A bound on rows counts only where it is strict. */
export function appliedPreferences(preferences: Preferences, applied: readonly (keyof Preferences)[]): string | undefined {
  const items = ORDER.filter((name) => applied.includes(name) && preferences[name] !== undefined)
    .filter((name) => name !== 'maxAffected' || preferences.handling === 'strict')
    .map((name) => `${name === 'maxAffected' ? 'max-affected' : name}=${preferences[name]}`);
  return items.length === 0 ? undefined : items.join(', ');
}
