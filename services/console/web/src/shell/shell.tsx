import { ActionIcon, AppShell, Group, Select, Tooltip } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconKeyboard } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, NavLink, useNavigate } from 'react-router';
import type { ConnectionView } from '../live/connection.ts';
import { ConnectionBanner } from '../live/connection-banner.tsx';
import { LiveIndicator } from '../live/live-indicator.tsx';
import { UserMenu } from '../session/user-menu.tsx';
import { ColourSchemeSwitch } from './colour-scheme-switch.tsx';
import { HelpOverlay, type HelpSection } from './help-overlay.tsx';
import type { Room } from './rooms.ts';

interface ShellProps {
  /** Every room that this person may enter, and the name of the one that they are in. */
  rooms: readonly Room[];
  room: string;
  pages: readonly { to: string; title: string }[];
  /** Undefined: nothing on this page is followed. */
  stream: ConnectionView | undefined;
  help: readonly HelpSection[];
  /** Beside the stream's state. */
  aside?: ReactNode;
  children: ReactNode;
}

/** Header with the room, its pages, the stream's state and the person; the page below. */
export function Shell({ rooms, room, pages, stream, help: sections, aside, children }: ShellProps) {
  const [help, { open, close }] = useDisclosure(false);
  useHotkeys([['shift+?', open]]);
  return (
    <AppShell header={{ height: 58 }} padding="md">
      <AppShell.Header style={{ background: 'var(--panel)', borderColor: 'var(--line)' }}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="md" wrap="nowrap" miw={0}>
            <Link to="/" className="brand" aria-label="Lakeloop, start page">
              <img src="/icon.svg" alt="" />
              <span className="brand-name">Lakeloop</span>
            </Link>
            <RoomSwitch rooms={rooms} room={room} width={pages.length > 3 ? 160 : 230} />
            <Group component="nav" gap={4} wrap="nowrap" aria-label="Pages" className="pages">
              {pages.map(({ to, title }) => (
                <NavLink key={to} to={to} className="nav-link">
                  {title}
                </NavLink>
              ))}
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {aside}
            {stream && <LiveIndicator connection={stream.connection} />}
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Keyboard shortcuts" onClick={open}>
                <IconKeyboard size={19} />
              </ActionIcon>
            </Tooltip>
            <ColourSchemeSwitch />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        {stream && <ConnectionBanner {...stream} />}
        {children}
      </AppShell.Main>
      <HelpOverlay opened={help} close={close} sections={sections} />
    </AppShell>
  );
}

function RoomSwitch({ rooms, room, width }: { rooms: readonly Room[]; room: string; width: number }) {
  const navigate = useNavigate();
  return (
    <Select
      aria-label="Room"
      size="sm"
      w={width}
      miw={120}
      allowDeselect={false}
      value={room}
      data={rooms.map(({ name, title }) => ({ value: name, label: title }))}
      onChange={(name) => void navigate(rooms.find((candidate) => candidate.name === name)?.home ?? '/')}
    />
  );
}
