import { Alert, Badge, Button, Drawer, Group, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { inWords } from '../api/in-words.ts';
import { insertRow, newIntent, updateRows } from '../api/rows.ts';
import { useNow } from '../live/use-now.ts';
import { useCurrentUser } from '../session/current-user.ts';
import { age } from '../subjects/format-value.ts';
import { ActForm } from './act-form.tsx';
import { BreakdownTable } from './breakdown-table.tsx';
import { amountOf, numberOf, textOf } from './decimal.ts';
import { LineHistory } from './line-history.tsx';
import { type PlanOverride, planCommentOf, planOverrideOf } from './plan-acts.ts';
import { emptyBreakdown, type PlanLine } from './plan-line.ts';
import { readAll, SCHEMA, usePlanning } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';
import { periodTitle } from './reference.ts';
import type { PlanNode } from './roll-up.ts';
import { showAmount } from './show-amount.ts';

/** Comments and overrides have no stream of their own here: they are asked anew so often while the drawer is open, ms. */
const RENEW_MS = 3_000;

interface LineDrawerProps {
  opened: boolean;
  node: PlanNode;
  period: string;
  measure: string;
  /** The plan's line; undefined for a sum of lines. */
  line: PlanLine | undefined;
  close: () => void;
}

/** All about one amount of the plan: how it came about, who changed it, overrides, comments. */
export function LineDrawer({ opened, node, period, measure, line, close }: LineDrawerProps) {
  const { reference } = usePlanning();
  const names =
    [node.product && reference.products.name(node.product), node.region && reference.regions.name(node.region)].filter(Boolean).join(' · ') || node.name;
  return (
    <Drawer
      opened={opened}
      onClose={close}
      position="right"
      size={440}
      title={<b>{`${names} · ${period === '' ? 'all periods' : periodTitle(period)}`}</b>}
      overlayProps={{ backgroundOpacity: 0.15 }}
    >
      <Stack gap="lg">
        <BreakdownTable breakdown={period === '' ? node.total : (node.cells.get(period) ?? emptyBreakdown())} unit={line?.unit ?? ''} />
        {line ? (
          <LineParts key={`${line.product}|${line.region}|${period}`} line={line} />
        ) : (
          <Text size="sm" c="dimmed">
            This is a sum. Overrides and comments belong to single lines: a product in a region. Open the tree down to one.
          </Text>
        )}
        {line && <LineHistory line={line} measure={measure} />}
      </Stack>
    </Drawer>
  );
}

function keyOf(line: PlanLine): Record<string, string> {
  return { product: line.product, region: line.region, period: line.period, measure: line.measure };
}

function filterOf(line: PlanLine): Record<string, string> {
  return Object.fromEntries(Object.entries(keyOf(line)).map(([column, value]) => [column, `eq.${value}`]));
}

function LineParts({ line }: { line: PlanLine }) {
  return (
    <>
      <Marks line={line} />
      <Override line={line} />
      <Comments line={line} />
    </>
  );
}

function Marks({ line }: { line: PlanLine }) {
  if (!line.constrained && !line.conflict && !line.frozen && line.capacity === undefined) return undefined;
  return (
    <Group gap="xs">
      {line.capacity !== undefined && (
        <Badge tt="none" variant="light" color={line.constrained ? 'red' : 'gray'}>
          capacity {showAmount(line.capacity)}
        </Badge>
      )}
      {line.constrained && (
        <Badge tt="none" variant="light" color="red">
          cut by capacity
        </Badge>
      )}
      {line.conflict && (
        <Badge tt="none" variant="light" color="orange">
          in conflict
        </Badge>
      )}
      {line.frozen && (
        <Badge tt="none" variant="light" color="cyan">
          frozen
        </Badge>
      )}
    </Group>
  );
}

function Override({ line }: { line: PlanLine }) {
  const { epoch } = usePlanning();
  const queries = useQueryClient();
  const overrides = useQuery({
    queryKey: ['planning', 'overrides', keyOf(line), epoch],
    queryFn: async ({ signal }) => (await readAll('plan_overrides', { ...filterOf(line), order: 'id.desc' }, signal)).map(planOverrideOf),
    placeholderData: (before) => before,
    refetchInterval: RENEW_MS,
  });
  const [amount, setAmount] = useState<number | string>(numberOf(line.amount));
  const anew = (): void => void queries.invalidateQueries({ queryKey: ['planning', 'overrides'] });
  const { act } = mayOf(useCurrentUser().role);
  const standing = overrides.data?.find(({ withdrawn }) => !withdrawn);
  const wanted = amountOf(amount);
  return (
    <section aria-label="Override">
      <Text fw={600} size="sm" mb={6}>
        Override
      </Text>
      {standing && <Standing override={standing} anew={anew} />}
      {!standing && !act && (
        <Text size="sm" c="dimmed">
          None stands.
        </Text>
      )}
      {!standing && act && (
        <ActForm
          act="Override"
          words="Reason"
          done="Overridden; the next run takes it in"
          disabled={wanted === undefined}
          send={(reason, intent) => insertRow(SCHEMA, 'plan_overrides', { ...keyOf(line), amount: textOf(wanted ?? 0n), unit: line.unit, reason }, intent)}
          onDone={anew}
        >
          <NumberInput label={`Amount, ${line.unit}`} size="sm" value={amount} onChange={setAmount} thousandSeparator=" " hideControls />
        </ActForm>
      )}
    </section>
  );
}

function Standing({ override, anew }: { override: PlanOverride; anew: () => void }) {
  const { act } = mayOf(useCurrentUser().role);
  const now = useNow();
  const withdraw = useMutation({
    mutationFn: () => updateRows(SCHEMA, 'plan_overrides', new URLSearchParams({ id: `eq.${override.id}` }), { withdrawn: true }, newIntent()),
    onSuccess: anew,
  });
  return (
    <Stack gap="xs" className="entry">
      <Group justify="space-between">
        <Text size="sm" fw={600} className="tabular">
          {showAmount(override.amount)} {override.unit}
        </Text>
        <Text size="xs" c="dimmed">
          {override.author} · {age(override.createdAt, now)} ago
        </Text>
      </Group>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        “{override.reason}”
      </Text>
      {withdraw.error && (
        <Alert color="red" role="alert" title={inWords(withdraw.error).title}>
          {inWords(withdraw.error).detail}
        </Alert>
      )}
      <Button size="compact-sm" variant="default" w="fit-content" disabled={!act} loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
        Withdraw
      </Button>
    </Stack>
  );
}

function Comments({ line }: { line: PlanLine }) {
  const { comment } = mayOf(useCurrentUser().role);
  const queries = useQueryClient();
  const now = useNow();
  const comments = useQuery({
    queryKey: ['planning', 'comments', keyOf(line)],
    queryFn: async ({ signal }) => (await readAll('plan_comments', { ...filterOf(line), order: 'id.asc' }, signal)).map(planCommentOf),
    refetchInterval: RENEW_MS,
  });
  return (
    <section aria-label="Comments">
      <Text fw={600} size="sm" mb={6}>
        Comments
      </Text>
      <Stack gap="xs">
        {comments.data?.map((comment) => (
          <div key={comment.id} className="entry">
            <Text size="xs" c="dimmed">
              {comment.author} · {age(comment.createdAt, now)} ago
            </Text>
            <Text size="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {comment.body}
            </Text>
          </div>
        ))}
        {comment && (
          <ActForm
            act="Comment"
            words="Your comment"
            done="Commented"
            send={(body, intent) => insertRow(SCHEMA, 'plan_comments', { ...keyOf(line), body }, intent)}
            onDone={() => void queries.invalidateQueries({ queryKey: ['planning', 'comments'] })}
          />
        )}
      </Stack>
    </section>
  );
}
