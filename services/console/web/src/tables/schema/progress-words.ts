import type { EditProgress } from '#contracts/http/tables';
import { age } from '../../subjects/format-value.ts';

/** What an edit in steps is at. */
export function phaseInWords({ phase, rows, total }: Pick<EditProgress, 'phase' | 'rows' | 'total'>): string {
  switch (phase) {
    case 'copy':
      return `${rows.toLocaleString()} of about ${total.toLocaleString()} rows copied`;
    case 'index':
      return 'Building indexes';
    case 'validate':
      return 'Checking every row';
    case 'swap':
      return 'Waiting for a moment in which nobody is in the way';
  }
}

/** `31 %, about 2 min left`; nothing where only copying could tell. */
export function restInWords({ phase, percent, secondsLeft }: Pick<EditProgress, 'phase' | 'percent' | 'secondsLeft'>): string {
  if (phase !== 'copy') return '';
  return secondsLeft === null ? `${percent} %` : `${percent} %, about ${age(0, secondsLeft * 1_000)} left`;
}
