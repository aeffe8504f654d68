import type { HelpSection } from '../shell/help-overlay.tsx';

/** Keys of the rooms where cases are decided. */
export const CASE_HELP: readonly HelpSection[] = [
  {
    title: 'Lists',
    keys: [
      [['J', '↓'], 'next row'],
      [['K', '↑'], 'previous row'],
      [['Enter'], 'open the row'],
      [['/'], 'search'],
      [['F'], 'flag the row'],
    ],
  },
  {
    title: 'Case',
    keys: [
      [['A'], 'approve the recommendation'],
      [['O'], 'override with another class'],
      [['C'], 'correct the row'],
      [['J', 'K'], 'next and previous open case'],
      [['U'], 'back to the list'],
    ],
  },
];
