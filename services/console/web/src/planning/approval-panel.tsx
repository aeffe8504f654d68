import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { insertRow, updateRows, type Intent } from '../api/rows.ts';
import { ApiError } from '../api/api-error.ts';
import { Panel } from '../cases/panel.tsx';
import { useNow } from '../live/use-now.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { age } from '../subjects/format-value.ts';
import { ActForm } from './act-form.tsx';
import { type Approval, approvalChoice } from './approval.ts';
import { SCHEMA } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';

/** A version's way to being approved: proposed by one person, decided by another. */
export function ApprovalPanel({ version, approval }: { version: number; approval: Approval | undefined }) {
  const { subject, role } = useCurrentUser();
  const choice = approvalChoice(approval, { subject, ...mayOf(role) });
  return (
    <Panel
      title={`Approval of v${version}`}
      aside={
        <output aria-label={`Approval: ${approval?.state ?? 'not proposed'}`}>
          <Badge
            variant="light"
            tt="none"
            size="lg"
            color={approval?.state === 'approved' ? 'teal' : approval?.state === 'rejected' ? 'red' : approval ? 'blue' : 'gray'}
          >
            {approval?.state ?? 'not proposed'}
          </Badge>
        </output>
      }
    >
      <Stack gap="sm">
        {approval && <Story approval={approval} />}
        {choice.propose && (
          <ActForm
            act="Propose"
            words="Note"
            required={false}
            done={`v${version} is proposed; someone else decides it`}
            send={(note, intent) => insertRow(SCHEMA, 'plan_approvals', { version, note }, intent)}
          />
        )}
        {choice.decide && <Decide version={version} />}
        {choice.explanation && (
          <Text size="sm" c="dimmed">
            {choice.explanation}
          </Text>
        )}
      </Stack>
    </Panel>
  );
}

function Story({ approval }: { approval: Approval }) {
  const now = useNow();
  return (
    <div>
      <Text size="sm">
        Proposed by <b>{approval.proposedBy}</b>, {age(approval.proposedAt, now)} ago
      </Text>
      {approval.decidedBy !== '' && (
        <Text size="sm">
          {approval.state === 'approved' ? 'Approved' : 'Rejected'} by <b>{approval.decidedBy}</b>, {age(approval.decidedAt, now)} ago
        </Text>
      )}
      {approval.note !== '' && (
        <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
          “{approval.note}”
        </Text>
      )}
    </div>
  );
}

function Decide({ version }: { version: number }) {
  const [rejecting, setRejecting] = useState(false);
  const state = rejecting ? 'rejected' : 'approved';
  const send = async (note: string, intent: Intent): Promise<void> => {
    const changed = await updateRows(
      SCHEMA,
      'plan_approvals',
      new URLSearchParams({ version: `eq.${version}` }),
      { state, ...(note === '' ? {} : { note }) },
      intent,
    );
    if (changed === 0) throw new ApiError(403, 'Your role may not decide this version.');
  };
  return (
    <ActForm
      key={state}
      act={rejecting ? 'Reject' : 'Approve'}
      color={rejecting ? 'red' : 'teal'}
      words={rejecting ? 'Why not' : 'Note'}
      required={rejecting}
      done={`v${version} is ${state}`}
      send={send}
      aside={
        <Group>
          <Button size="xs" variant="default" onClick={() => setRejecting(!rejecting)}>
            {rejecting ? 'Approve instead …' : 'Reject instead …'}
          </Button>
        </Group>
      }
    />
  );
}
