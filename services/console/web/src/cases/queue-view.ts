import { asText } from '../api/as-text.ts';
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

const TESTS: Readonly<Record<Tab, (entry: QueueEntry, subject: string) => boolean>> = {
  open: (entry) => isOpen(entry.case.state),
  mine: (entry, subject) => entry.case.flaggedBy === subject || entry.disposition?.decidedBy === subject,
  decided: (entry) => DECIDED_STATES.includes(entry.case.state),
  all: () => true,
};

/** `subject`: whose own cases are `mine`. */
export function inTab(entry: QueueEntry, tab: Tab, subject: string): boolean {
  return TESTS[tab](entry, subject);
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
  const haystack = values.map(asText).join('\n').toLowerCase();
  return words.every((word) => haystack.includes(word));
}
