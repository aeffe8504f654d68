import { Group, Kbd, Modal, Stack, Text, Title } from '@mantine/core';

export interface HelpSection {
  title: string;
  keys: readonly (readonly [keys: readonly string[], what: string])[];
}

const EVERYWHERE: HelpSection = {
  title: 'Everywhere',
  keys: [
    [['?'], 'this help'],
    [['Esc'], 'close what is open'],
  ],
};

/** The keys of the room that the person is in. */
export function HelpOverlay({ opened, close, sections }: { opened: boolean; close: () => void; sections: readonly HelpSection[] }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" size="lg">
      <Stack gap="lg">
        {[...sections, EVERYWHERE].map(({ title, keys }) => (
          <div key={title}>
            <Title order={3} size="sm" mb={8}>
              {title}
            </Title>
            <Stack gap={8}>
              {keys.map(([names, what]) => (
                <Group key={what} justify="space-between" wrap="nowrap">
                  <Text size="sm">{what}</Text>
                  <Group gap={6} wrap="nowrap">
                    {names.map((name) => (
                      <Kbd key={name}>{name}</Kbd>
                    ))}
                  </Group>
                </Group>
              ))}
            </Stack>
          </div>
        ))}
      </Stack>
    </Modal>
  );
}
