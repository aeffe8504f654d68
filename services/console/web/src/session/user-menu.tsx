import { Avatar, Group, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconLogout } from '@tabler/icons-react';
import { useCurrentUser } from './current-user.ts';

export function UserMenu() {
  const { name, role } = useCurrentUser();
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <UnstyledButton aria-label={`Account: ${name}, ${role}`}>
          <Group gap={8} wrap="nowrap">
            <Avatar name={name} color="initials" size={32} alt="" />
            <div className="wide-only">
              <Text size="sm" fw={600} lh={1.2} className="cut" maw={140}>
                {name}
              </Text>
              <Text size="xs" c="dimmed" lh={1.2}>
                {role}
              </Text>
            </div>
            <IconChevronDown size={14} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name} · {role}
        </Menu.Label>
        <Menu.Item component="a" href="/auth/logout" leftSection={<IconLogout size={16} />}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
