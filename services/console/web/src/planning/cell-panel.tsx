import { Badge, Button, Group, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, type RefObject, useState } from 'react';
import type { Row } from '../api/rows.ts';
import { useNow } from '../live/use-now.ts';
import { age, percent } from '../subjects/format-value.ts';
import { type Adjustment, KIND_TITLES } from './adjustment.ts';
import type { Place } from './cell-write.ts';
import { PlaceInPlan } from './place-in-plan.tsx';
import { periodTitle, type Reference } from './reference.ts';
import { showExact } from './show-amount.ts';

interface CellPanelProps {
  place: Place;
  measure: string;
  reference: Reference;
  editable: boolean;
  /** Changes one entry. */
  change: (entry: Adjustment, change: Row) => void;
  comment: RefObject<HTMLTextAreaElement | null>;
}

/** All about the chosen cell: what the plan makes of it, each entry with who and why, its comment and confidence. */
export function CellPanel({ place, measure, reference, editable, change, comment }: CellPanelProps) {
  const { row, period, cell } = place;
  return (
    <aside className="panel side" aria-label="Chosen cell">
      <Stack gap="md">
        <div>
          <Text fw={650} className="cut">
            {reference.products.name(row.product)}
          </Text>
          <Text size="sm" c="dimmed">
            {reference.regions.name(row.region)} · {periodTitle(period)}
            {row.leaf ? '' : ' · allocated to what is below'}
          </Text>
        </div>
        <PlaceInPlan row={row} period={period} measure={measure} reference={reference} />
        <Stack gap="sm">
          <Text size="sm" fw={600}>
            {cell ? (cell.entries.length === 1 ? 'Entry' : `${cell.entries.length} entries`) : 'No entry here'}
          </Text>
          {cell?.entries.slice(0, 20).map((entry, index) => (
            <Entry
              // Another version of it begins its form anew.
              key={`${entry.id}/${entry.comment}/${entry.confidence}`}
              entry={entry}
              editable={editable}
              change={change}
              comment={index === 0 ? comment : undefined}
            />
          ))}
          {cell && cell.entries.length > 20 && (
            <Text size="xs" c="dimmed">
              and {cell.entries.length - 20} older ones
            </Text>
          )}
          {!cell && editable && (
            <Text size="sm" c="dimmed">
              Type an amount to enter one; a comment and how sure you are can follow here.
            </Text>
          )}
        </Stack>
      </Stack>
    </aside>
  );
}

interface EntryProps {
  entry: Adjustment;
  editable: boolean;
  change: (entry: Adjustment, change: Row) => void;
  comment: RefObject<HTMLTextAreaElement | null> | undefined;
}

function Entry(props: EntryProps) {
  const { entry, editable } = props;
  const now = useNow();
  return (
    <div className="entry">
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} className="tabular">
          {entry.kind !== 'absolute' && entry.amount > 0n ? '+' : ''}
          {showExact(entry.amount)} {entry.kind === 'percent' ? '%' : entry.unit}
        </Text>
        <Badge size="sm" variant="light" color="gray" tt="none">
          {KIND_TITLES[entry.kind]}
        </Badge>
      </Group>
      <Text size="xs" c="dimmed">
        {entry.author || 'unknown'} · <time dateTime={entry.updatedAt}>{age(entry.updatedAt, now)} ago</time>
      </Text>
      {editable ? <EntryForm {...props} /> : <EntryWords entry={entry} />}
    </div>
  );
}

function EntryWords({ entry }: { entry: Adjustment }) {
  return (
    <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
      {entry.comment === '' ? '' : `“${entry.comment}” `}
      <Text span size="xs" c="dimmed">
        {percent(entry.confidence)} sure
      </Text>
    </Text>
  );
}

function EntryForm({ entry, change, comment }: EntryProps) {
  const [words, setWords] = useState(entry.comment);
  const [sure, setSure] = useState<number | string>(Math.round(entry.confidence * 1000) / 10);
  const confidence = typeof sure === 'number' ? sure / 100 : entry.confidence;
  const changed = words.trim() !== entry.comment || Math.abs(confidence - entry.confidence) > 0.0005;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (changed) change(entry, { comment: words.trim(), confidence: Number(confidence.toFixed(3)) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap={6} mt={6}>
        <Textarea
          ref={comment}
          size="xs"
          aria-label="Comment"
          placeholder="Why? (Shift F2)"
          autosize
          minRows={1}
          maxRows={6}
          maxLength={4000}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event)}
        />
        <Group gap="xs" justify="space-between" wrap="nowrap">
          <NumberInput size="xs" w={112} aria-label="Confidence, percent" suffix=" % sure" min={0} max={100} step={5} value={sure} onChange={setSure} />
          <Button type="submit" size="compact-xs" variant={changed ? 'filled' : 'default'} disabled={!changed}>
            Keep
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
