import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';

interface ToolDrawerProps {
  title: string;
  /** Width where there is room, px. */
  width: number;
  close: () => void;
  /** A dialog is open over it, which Escape is for. */
  held: boolean;
  children: ReactNode;
}

/** What a tool of a table opens: beside the grid, which stays in sight. */
export function ToolDrawer({ title, width, close, held, children }: ToolDrawerProps) {
  return (
    <Drawer
      opened
      onClose={close}
      closeOnEscape={!held}
      position="right"
      overlayProps={{ backgroundOpacity: 0.25 }}
      size={`min(${width}px, 100vw)`}
      title={<b>{title}</b>}
    >
      {children}
    </Drawer>
  );
}
