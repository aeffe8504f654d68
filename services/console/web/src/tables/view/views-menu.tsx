import { ActionIcon, Button, CopyButton, Group, Popover, Stack, Text, TextInput } from '@mantine/core';
import { IconLink, IconStack2, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { useSavedViews } from './saved-views.ts';
import { PLAIN_VIEW, type TableView, viewText } from './table-view.ts';

interface ViewsMenuProps {
  subject: string;
  /** `schema.table` */
  table: string;
  view: TableView;
  put: (query: string) => void;
}

/** Views that the person has named: to be gone to, kept, shared by their address, and forgotten. */
export function ViewsMenu({ subject, table, view, put }: ViewsMenuProps) {
  const { views, save, remove } = useSavedViews(subject, table);
  const [opened, setOpened] = useState(false);
  const query = viewText(view);
  const current = views.find((each) => each.query === query);
  const go = (to: string): void => {
    put(to);
    setOpened(false);
  };
  const keep = (name: string): void => {
    save({ name, query });
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={290} shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="default" leftSection={<IconStack2 size={15} />} onClick={() => setOpened(!opened)}>
          {current?.name ?? 'Views'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Views">
        <Stack gap="xs">
          <ul className="plain" aria-label="Saved views">
            {[{ name: 'All rows', query: viewText(PLAIN_VIEW) }, ...views].map((each, at) => (
              <ViewLine
                key={each.name}
                name={each.name}
                current={each.query === query}
                go={() => go(each.query)}
                remove={at === 0 ? undefined : () => remove(each.name)}
              />
            ))}
          </ul>
          <KeepForm keep={keep} />
          <CopyButton value={location.href}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="subtle" leftSection={<IconLink size={13} />} onClick={copy}>
                {copied ? 'Copied' : 'Copy the link to this view'}
              </Button>
            )}
          </CopyButton>
          <Text size="xs" c="dimmed">
            Kept in this browser; the link works for everybody who may read the table.
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function KeepForm({ keep }: { keep: (name: string) => void }) {
  const [name, setName] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== '') keep(name.trim());
  };
  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap" align="flex-end">
        <TextInput size="xs" label="Keep this view as" maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} flex={1} />
        <Button type="submit" size="xs" disabled={name.trim() === ''}>
          Keep
        </Button>
      </Group>
    </form>
  );
}

function ViewLine({ name, current, go, remove }: { name: string; current: boolean; go: () => void; remove: (() => void) | undefined }) {
  return (
    <li className="view-line">
      <button type="button" aria-current={current || undefined} onClick={go}>
        {name}
      </button>
      {remove && (
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Forget the view ${name}`} onClick={remove}>
          <IconTrash size={13} />
        </ActionIcon>
      )}
    </li>
  );
}
