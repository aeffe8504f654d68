import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import type { FlowDescription } from '#contracts/http/flows';
import type { Case, Disposition, Recommendation } from './case.ts';
import { isDecided, isOpen } from './machine.ts';

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

/** The flow, and the person whose own cases are `mine`. */
export interface Whose {
  flow: Pick<FlowDescription, 'machine'>;
  subject: string;
}

const TESTS: Readonly<Record<Tab, (entry: QueueEntry, whose: Whose) => boolean>> = {
  open: (entry, { flow }) => isOpen(flow, entry.case.state),
  mine: (entry, { subject }) => entry.case.flaggedBy === subject || entry.disposition?.decidedBy === subject,
  decided: (entry, { flow }) => isDecided(flow, entry.case.state),
  all: () => true,
};

export function inTab(entry: QueueEntry, tab: Tab, whose: Whose): boolean {
  return TESTS[tab](entry, whose);
}

export function countTabs(entries: readonly QueueEntry[], whose: Whose): Record<Tab, number> {
  const counts: Record<Tab, number> = { open: 0, mine: 0, decided: 0, all: 0 };
  for (const entry of entries) for (const tab of TABS) if (inTab(entry, tab, whose)) counts[tab] += 1;
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
