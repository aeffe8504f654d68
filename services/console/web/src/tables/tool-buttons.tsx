import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ComponentType } from 'react';
import { useSearchParams } from 'react-router';

interface Tool {
  name: string;
  title: string;
  icon: ComponentType<{ size?: number | string }>;
}

/** Which panel is open, by the address. */
export function usePanel(): { panel: string | undefined; open: (name: string) => void; close: () => void } {
  const [parameters, setParameters] = useSearchParams();
  const put = (name: string | undefined): void =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (name === undefined) next.delete('panel');
      else next.set('panel', name);
      return next;
    });
  return { panel: parameters.get('panel') ?? undefined, open: put, close: () => put(undefined) };
}

/** Buttons that open panels; icons alone where the window is narrow. */
export function ToolButtons({ tools, open }: { tools: readonly Tool[]; open: (name: string) => void }) {
  const wide = useMediaQuery('(min-width: 1250px)');
  return tools.map(({ name, title, icon: Icon }) =>
    wide ? (
      <Button key={name} size="compact-sm" variant="default" leftSection={<Icon size={15} />} onClick={() => open(name)}>
        {title}
      </Button>
    ) : (
      <Tooltip key={name} label={title}>
        <ActionIcon variant="default" aria-label={title} onClick={() => open(name)}>
          <Icon size={16} />
        </ActionIcon>
      </Tooltip>
    ),
  );
}
