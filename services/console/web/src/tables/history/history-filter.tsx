import { Button, Group, TextInput } from '@mantine/core';
import { EVERYTHING, type Filter } from './timeline.ts';

/** Whose changes, and of which time. */
export function HistoryFilter({ filter, set }: { filter: Filter; set: (filter: Filter) => void }) {
  const put = (name: keyof Filter) => (event: { currentTarget: { value: string } }) => set({ ...filter, [name]: event.currentTarget.value });
  const filtered = Object.values(filter).some((value) => value !== '');
  return (
    <Group gap="xs" align="end" component="fieldset" className="bare history-filter" aria-label="Which changes">
      <TextInput size="xs" label="By" placeholder="anybody" value={filter.actor} onChange={put('actor')} maxLength={200} />
      <TextInput size="xs" type="datetime-local" label="From" value={filter.since} onChange={put('since')} />
      <TextInput size="xs" type="datetime-local" label="Until" value={filter.until} onChange={put('until')} />
      {filtered && (
        <Button size="xs" variant="subtle" onClick={() => set(EVERYTHING)}>
          All
        </Button>
      )}
    </Group>
  );
}
