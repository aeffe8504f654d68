import { ActionIcon, AppShell, Group, Select, Tooltip } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconKeyboard } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, NavLink, useNavigate } from 'react-router';
import type { FlowDescription } from '#contracts/http/flows';
import { tableTitle, useFlow } from '../flows/flows.ts';
import { ConnectionBanner } from '../live/connection-banner.tsx';
import { LiveIndicator } from '../live/live-indicator.tsx';
import { UserMenu } from '../session/user-menu.tsx';
import { ColourSchemeSwitch } from './colour-scheme-switch.tsx';
import { HelpOverlay } from './help-overlay.tsx';

/** Header with the flow, its pages, the stream's state and the person; the page below. */
export function Shell({ flows, children }: { flows: readonly FlowDescription[]; children: ReactNode }) {
  const flow = useFlow();
  const [help, { open, close }] = useDisclosure(false);
  useHotkeys([['shift+?', open]]);
  return (
    <AppShell header={{ height: 58 }} padding="md">
      <AppShell.Header style={{ background: 'var(--panel)', borderColor: 'var(--line)' }}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="lg" wrap="nowrap">
            <Link to="/" className="brand" aria-label="Lakeloop, start page">
              <img src="/icon.svg" alt="" />
              <span className="wide-only">Lakeloop</span>
            </Link>
            <FlowSwitch flow={flow} flows={flows} />
            <Group component="nav" gap={4} wrap="nowrap" aria-label="Pages">
              <NavLink to={`/${flow.name}/cases`} className="nav-link">
                Cases
              </NavLink>
              <NavLink to={`/${flow.name}/rows`} className="nav-link">
                {tableTitle(flow)}
              </NavLink>
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveIndicator />
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
        <ConnectionBanner />
        {children}
      </AppShell.Main>
      <HelpOverlay opened={help} close={close} />
    </AppShell>
  );
}

function FlowSwitch({ flow, flows }: { flow: FlowDescription; flows: readonly FlowDescription[] }) {
  const navigate = useNavigate();
  return (
    <Select
      aria-label="Flow"
      size="sm"
      w={230}
      allowDeselect={false}
      value={flow.name}
      data={flows.map(({ name, title }) => ({ value: name, label: title }))}
      onChange={(name) => void navigate(`/${name ?? flow.name}/cases`)}
    />
  );
}
