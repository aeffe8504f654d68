import { age, formatValue } from '../../subjects/format-value.ts';

const DAY_MS = 86_400_000;

/** How long ago; after a day the moment itself. The exact time is its tooltip. */
export function Ago({ at, now }: { at: string; now: number }) {
  const recent = now - new Date(at).getTime() < DAY_MS;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {recent ? `${age(at, now)} ago` : formatValue(at, 'timestamptz')}
    </time>
  );
}
