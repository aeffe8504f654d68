import { Button, Checkbox, CopyButton, Group, Popover, Stack, Text, TextInput } from '@mantine/core';
import { IconLink, IconStack2 } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import type { SavedView, SavedViews } from '#contracts/http/table-views';
import type { TableDescription } from '#contracts/http/tables';
import { inWords } from '../../api/in-words.ts';
import { useViewActs, type ViewAct } from './saved-views.ts';
import type { Looked } from './use-table-view.ts';
import { ViewLine } from './view-line.tsx';

interface ViewsMenuProps {
  table: TableDescription;
  saved: SavedViews;
  looked: Looked;
}

/** Views that have names, one's own and shared ones: to be gone to, kept, changed, shared and forgotten. */
export function ViewsMenu(props: ViewsMenuProps) {
  const [opened, setOpened] = useState(false);
  const { base, changed } = props.looked;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={330} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconStack2 size={15} />}
          maw={240}
          // It is the name of what it opens, too.
          aria-label={base ? `Views: ${base.name}${changed ? ' (changed)' : ''}` : 'Views'}
          onClick={() => setOpened(!opened)}
        >
          {base ? <bdi>{base.name}</bdi> : 'Views'}
          {changed && ' (changed)'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Content {...props} close={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Content({ table, saved, looked, close }: ViewsMenuProps & { close: () => void }) {
  const { view, base, changed, go, link } = looked;
  const acts = useViewActs(table);
  const open = (to: SavedView | undefined): void => {
    go(to);
    close();
  };
  /** What was refused is told below. */
  const act = async (what: ViewAct): Promise<SavedView | undefined> => {
    const made = await acts.mutateAsync(what).catch(() => undefined);
    if (made && what.act !== 'change') open(made);
    return made;
  };
  return (
    <Stack gap="xs">
      <ul className="plain views-list" aria-label="Saved views">
        <li className="view-line">
          <button type="button" aria-current={base === undefined || undefined} onClick={() => open(undefined)}>
            All rows
          </button>
        </li>
        {saved.views.map((each) => (
          <ViewLine key={each.id} saved={each} current={each.id === base?.id} usual={each.id === saved.default} go={() => open(each)} act={act} />
        ))}
      </ul>
      {base?.mine && changed && (
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => void act({ act: 'change', id: base.id, view }).then((kept) => (kept ? open(kept) : undefined))}
        >
          Keep the change in {base.name}
        </Button>
      )}
      <KeepForm keep={(name, shared) => act({ act: 'keep', name, shared, view })} />
      {acts.error && (
        <Text size="xs" c="red" role="alert">
          {inWords(acts.error).detail}
        </Text>
      )}
      <CopyButton value={`${location.origin}${location.pathname}?${link}`}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="subtle" leftSection={<IconLink size={13} />} onClick={copy}>
            {copied ? 'Copied' : 'Copy the link to this view'}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}

function KeepForm({ keep }: { keep: (name: string, shared: boolean) => Promise<unknown> }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== '') void keep(name.trim(), shared);
  };
  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap" align="flex-end">
        <TextInput size="xs" label="Keep this view as" maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} flex={1} />
        <Button type="submit" size="xs" disabled={name.trim() === ''}>
          Keep
        </Button>
      </Group>
      <Checkbox
        mt={6}
        size="xs"
        label="Share it with everybody who may read the table"
        checked={shared}
        onChange={(event) => setShared(event.currentTarget.checked)}
      />
    </form>
  );
}
