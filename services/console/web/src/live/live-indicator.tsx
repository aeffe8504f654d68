import { Badge, Tooltip } from '@mantine/core';
import type { Connection } from './connection.ts';

const SHOWN: Readonly<Record<Connection, { colour: string; text: string; hint: string }>> = {
  connecting: { colour: 'gray', text: 'Connecting', hint: 'Opening the change stream' },
  live: { colour: 'teal', text: 'Live', hint: 'Changes appear by themselves' },
  reconnecting: { colour: 'orange', text: 'Reconnecting', hint: 'The stream was cut; nothing is lost, it resumes where it was' },
  refused: { colour: 'red', text: 'Not live', hint: 'The stream was refused' },
};

/** Whether what is shown is what is. */
export function LiveIndicator({ connection }: { connection: Connection }) {
  const { colour, text, hint } = SHOWN[connection];
  return (
    <Tooltip label={hint}>
      <Badge component="output" aria-label={`Stream: ${text}`} color={colour} variant="dot" size="lg" tt="none" fw={500}>
        {text}
      </Badge>
    </Tooltip>
  );
}
