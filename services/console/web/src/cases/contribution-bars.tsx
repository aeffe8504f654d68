import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { labelTitle, useFlow } from '../flows/flows.ts';
import { formatValue } from '../subjects/format-value.ts';
import type { Contribution } from './case.ts';

const FIRST = 7;

/** Each feature's part in the class's score: to the right it speaks for the class, to the left against. */
export function ContributionBars({ contributions, label }: { contributions: readonly Contribution[]; label: string }) {
  const flow = useFlow();
  const [all, setAll] = useState(false);
  const ranked = contributions.filter(({ contribution }) => contribution !== 0).toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const largest = Math.abs(ranked[0]?.contribution ?? 1);
  const shown = all ? ranked : ranked.slice(0, FIRST);
  return (
    <div>
      <Text size="sm" c="dimmed" mb="xs">
        Why: <span style={{ color: 'var(--mantine-color-teal-6)' }}>right</span> speaks for {labelTitle(flow, label)},{' '}
        <span style={{ color: 'var(--mantine-color-orange-6)' }}>left</span> against.
      </Text>
      <ul className="bars" aria-label="Contributing features">
        {shown.map((part) => (
          <Bar key={part.feature} part={part} largest={largest} />
        ))}
      </ul>
      {ranked.length > FIRST && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${ranked.length}`}
        </Button>
      )}
    </div>
  );
}

function Bar({ part, largest }: { part: Contribution; largest: number }) {
  const speaks = part.contribution > 0 ? 'for' : 'against';
  const title = part.title ?? part.feature.replaceAll('_', ' ');
  const terms = part.terms?.map(({ term }) => term).join(', ');
  const value = terms ?? (part.value === null ? '' : formatValue(part.value, typeof part.value === 'number' ? 'double' : 'text'));
  const signed = `${part.contribution > 0 ? '+' : '−'}${Math.abs(part.contribution).toFixed(2)}`;
  return (
    <li aria-label={`${title}${value ? ` (${value})` : ''}: ${signed}, speaks ${speaks}`}>
      <span className="cut" title={title} aria-hidden>
        {title}
      </span>
      <Text span size="sm" c="dimmed" className="cut" title={value} aria-hidden>
        {value}
      </Text>
      <span className="track" aria-hidden>
        <span className={`bar ${speaks}`} style={{ width: `${(Math.abs(part.contribution) / largest) * 50}%` }} />
      </span>
      <Text span size="sm" ta="right" style={{ fontVariantNumeric: 'tabular-nums' }} aria-hidden>
        {signed}
      </Text>
    </li>
  );
}
