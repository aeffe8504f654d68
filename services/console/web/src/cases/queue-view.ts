import type { Row } from '../api/rows.ts';
import { type Case, DECIDED_STATES, type Disposition, isOpen, type Recommendation } from './case.ts';

/** A case with what is known beside it; parts arrive later than the case. */
export interface QueueEntry {
  case: Case;
  subject?: Row;
  recommendation?: Recommendation;
  disposition?: Disposition;
}

export const TABS = ['open', 'mine', 'decided', 'all'] as const;
export type Tab = (typeof TABS)[number];
export const TAB_TITLES: Readonly<Record<Tab, string>> = { open: 'Open', mine: 'Mine', decided: 'Decided', all: 'All' };

export function inTab(entry: QueueEntry, tab: Tab, subject: string): boolean {
  switch (tab) {
    case 'open':
      return isOpen(entry.case.state);
    case 'mine':
      return entry.case.flaggedBy === subject || entry.disposition?.decidedBy === subject;
    case 'decided':
      return DECIDED_STATES.includes(entry.case.state);
    case 'all':
      return true;
  }
}

export function countTabs(entries: readonly QueueEntry[], subject: string): Record<Tab, number> {
  const counts: Record<Tab, number> = { open: 0, mine: 0, decided: 0, all: 0 };
  for (const entry of entries) for (const tab of TABS) if (inTab(entry, tab, subject)) counts[tab] += 1;
  return counts;
}

/** Each word of the search somewhere in the case: subject, note, people, class, state. */
export function matches(entry: QueueEntry, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { id, note, flaggedBy, state, subjectKey } = entry.case;
  const values = [
    id,
    note,
    flaggedBy,
    state,
    String(subjectKey),
    entry.recommendation?.class,
    entry.disposition?.class,
    entry.disposition?.decidedBy,
    ...Object.values(entry.subject ?? {}),
  ];
  const haystack = values
    .filter((value) => value !== null && value !== undefined)
    .map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value as string)))
    .join('\u0000')
    .toLowerCase();
  return words.every((word) => haystack.includes(word));
}
