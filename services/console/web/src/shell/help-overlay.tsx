import { Group, Kbd, Modal, Stack, Text, Title } from '@mantine/core';

const SECTIONS: readonly { title: string; keys: readonly (readonly [keys: readonly string[], what: string])[] }[] = [
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
  {
    title: 'Everywhere',
    keys: [
      [['?'], 'this help'],
      [['Esc'], 'close what is open'],
    ],
  },
];

export function HelpOverlay({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" size="md">
      <Stack gap="lg">
        {SECTIONS.map(({ title, keys }) => (
          <div key={title}>
            <Title order={3} size="sm" mb={8}>
              {title}
            </Title>
            <Stack gap={8}>
              {keys.map(([names, what]) => (
                <Group key={what} justify="space-between">
                  <Text size="sm">{what}</Text>
                  <Group gap={6}>
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
