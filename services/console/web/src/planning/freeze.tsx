import { ActionIcon, Alert, Button, Popover, Stack, Text } from '@mantine/core';
import { IconLock, IconLockOpen2 } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { inWords } from '../api/in-words.ts';
import { deleteRows, insertRow, newIntent } from '../api/rows.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { formatValue } from '../subjects/format-value.ts';
import { ActForm } from './act-form.tsx';
import { type FrozenPeriod, frozenPeriodOf } from './plan-acts.ts';
import { readAll, SCHEMA, usePlanning } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';
import { periodTitle } from './reference.ts';

/** A freeze makes no run by itself: others learn of it so soon, ms. */
const RENEW_MS = 5_000;

/** Frozen periods, by period: all who enter something should know that the plan won't move. */
export function useFrozen() {
  const { epoch } = usePlanning();
  return useQuery({
    queryKey: ['planning', 'frozen', epoch],
    queryFn: async ({ signal }) => new Map((await readAll('frozen_periods', {}, signal)).map(frozenPeriodOf).map((frozen) => [frozen.period, frozen])),
    placeholderData: (before) => before,
    refetchInterval: RENEW_MS,
  });
}

/** At a period's head: whether it is frozen, by whom and why; to freeze it, or to let it go. */
export function FreezeMenu({ period }: { period: string }) {
  const { freeze } = mayOf(useCurrentUser().role);
  const frozen = useFrozen().data?.get(period);
  const [opened, setOpened] = useState(false);
  if (!frozen && !freeze) return undefined;
  const title = `${frozen ? 'Frozen' : 'Freeze'} ${periodTitle(period)}`;
  return (
    <Popover opened={opened} onChange={setOpened} width={280} position="bottom" shadow="md" withArrow trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          size={20}
          color={frozen ? 'cyan' : 'gray'}
          className={frozen ? undefined : 'faint'}
          aria-label={title}
          title={title}
          onClick={() => setOpened(!opened)}
        >
          {frozen ? <IconLock size={14} /> : <IconLockOpen2 size={14} />}
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown ta="left">
        {frozen ? <Frozen frozen={frozen} close={() => setOpened(false)} /> : <Freeze period={period} close={() => setOpened(false)} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Freeze({ period, close }: { period: string; close: () => void }) {
  const queries = useQueryClient();
  return (
    <Stack gap="xs">
      <Text size="sm">
        <b>{periodTitle(period)}</b> keeps its amounts, whatever is entered, until it is let go.
      </Text>
      <ActForm
        act="Freeze"
        words="Reason"
        done={`${periodTitle(period)} is frozen`}
        send={(reason, intent) => insertRow(SCHEMA, 'frozen_periods', { period, reason }, intent)}
        onDone={() => {
          close();
          void queries.invalidateQueries({ queryKey: ['planning', 'frozen'] });
        }}
      />
    </Stack>
  );
}

function Frozen({ frozen, close }: { frozen: FrozenPeriod; close: () => void }) {
  const { freeze } = mayOf(useCurrentUser().role);
  const queries = useQueryClient();
  const release = useMutation({
    mutationFn: () => deleteRows(SCHEMA, 'frozen_periods', new URLSearchParams({ period: `eq.${frozen.period}` }), newIntent()),
    onSuccess: () => {
      close();
      void queries.invalidateQueries({ queryKey: ['planning', 'frozen'] });
    },
  });
  return (
    <Stack gap="xs">
      <Text size="sm">
        Frozen by <b>{frozen.author}</b>, {formatValue(frozen.frozenAt, 'timestamptz')}
      </Text>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        “{frozen.reason}”
      </Text>
      {release.error && (
        <Alert color="red" role="alert" title={inWords(release.error).title}>
          {inWords(release.error).detail}
        </Alert>
      )}
      {freeze && (
        <Button size="xs" variant="default" loading={release.isPending} onClick={() => release.mutate()}>
          Let it go
        </Button>
      )}
    </Stack>
  );
}
