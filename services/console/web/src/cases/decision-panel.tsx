import { Alert, Button, Group, Kbd, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconArrowsExchange, IconCheck, IconPencil, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { inWords } from '../api/in-words.ts';
import { newIntent, updateRows } from '../api/rows.ts';
import { useFlow } from '../flows/flows.ts';
import { useCurrentUser } from '../session/current-user.ts';
import type { WholeCase } from './case-query.ts';
import { choices, type Decision } from './decision.ts';
import { DecisionDialog } from './decision-dialog.tsx';
import { Outcome } from './outcome.tsx';
import { Panel } from './panel.tsx';

const BUTTONS: readonly { decision: Decision; title: string; key: string; icon: ReactNode; variant: string }[] = [
  { decision: 'approve', title: 'Approve', key: 'A', icon: <IconCheck size={17} />, variant: 'filled' },
  { decision: 'override', title: 'Override', key: 'O', icon: <IconArrowsExchange size={17} />, variant: 'default' },
  { decision: 'correct', title: 'Correct', key: 'C', icon: <IconPencil size={17} />, variant: 'default' },
];

/** What can be done with the case now, or what was done, or why nothing can. */
export function DecisionPanel({ whole }: { whole: WholeCase }) {
  const flow = useFlow();
  const user = useCurrentUser();
  const may = choices(flow, whole, user);
  const [deciding, setDeciding] = useState<Decision>();
  /** A refusal because the case had moved on: said here, where its new state is shown. */
  const [overtaken, setOvertaken] = useState<unknown>();
  const queries = useQueryClient();
  const refused = (error: unknown): void => {
    setDeciding(undefined);
    setOvertaken(error);
    void queries.invalidateQueries({ queryKey: ['case', flow.name, whole.case.id] });
  };
  useHotkeys(may.decide && !deciding ? BUTTONS.map(({ decision, key }) => [key, () => setDeciding(decision)]) : []);
  return (
    <Panel title="Decision">
      <Stack gap="sm">
        {overtaken !== undefined && <Overtaken error={overtaken} close={() => setOvertaken(undefined)} />}
        <Outcome whole={whole} />
        {may.decide && (
          <Group gap="xs">
            {BUTTONS.map(({ decision, title, key, icon, variant }) => (
              <Button
                key={decision}
                variant={variant}
                leftSection={icon}
                rightSection={<Kbd size="xs">{key}</Kbd>}
                aria-label={title}
                onClick={() => setDeciding(decision)}
              >
                {title}
              </Button>
            ))}
          </Group>
        )}
        {may.explanation && (
          <Text size="sm" c="dimmed">
            {may.explanation}
          </Text>
        )}
        {may.withdraw && <Withdraw whole={whole} refused={refused} />}
      </Stack>
      {deciding && <DecisionDialog decision={deciding} whole={whole} close={() => setDeciding(undefined)} overtaken={refused} />}
    </Panel>
  );
}

function Overtaken({ error, close }: { error: unknown; close: () => void }) {
  const { title, detail } = inWords(error);
  return (
    <Alert color="orange" title={title} role="alert" withCloseButton closeButtonLabel="Dismiss" onClose={close}>
      {detail}
    </Alert>
  );
}

function Withdraw({ whole, refused }: { whole: WholeCase; refused: (error: unknown) => void }) {
  const flow = useFlow();
  const queries = useQueryClient();
  const [intent] = useState(() => newIntent(whole.case.traceId));
  const withdraw = useMutation({
    mutationFn: () => updateRows(flow.schema, 'flags', new URLSearchParams({ id: `eq.${whole.case.id}` }), { state: 'withdrawn' }, intent),
    onSuccess: () => {
      notifications.show({ color: 'teal', title: 'Withdrawn', message: 'Your flag is withdrawn; the case stays in the history.' });
      void queries.invalidateQueries({ queryKey: ['case', flow.name, whole.case.id] });
    },
    onError: refused,
  });
  return (
    <Button variant="subtle" color="gray" w="fit-content" leftSection={<IconX size={16} />} loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
      Withdraw my flag
    </Button>
  );
}
