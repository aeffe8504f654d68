import { Badge, Button, Group, Loader, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconCheck } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { insertRows } from '../api/rows.ts';
import { LiveTable } from '../live/live-table.ts';
import { useNow } from '../live/use-now.ts';
import { Message } from '../shell/message.tsx';
import { useCurrentUser } from '../session/current-user.ts';
import { age, percent } from '../subjects/format-value.ts';
import { ActForm } from './act-form.tsx';
import { TeamName } from './cause-list.tsx';
import { type Contributor, type PlanConflict, planConflictOf, RULE_TITLES } from './plan-conflict.ts';
import { SCHEMA, usePageTable, usePlanning } from './planning-data.ts';
import { mayOf } from './planning-roles.ts';
import { isTeam, periodTitle, TEAM_TITLES } from './reference.ts';
import { showChange } from './show-amount.ts';

type Which = 'open' | 'chosen' | 'all';

/** Where teams say different things about the same amount: side by side, with what the rule made of it, and the choice of a person. */
export function ConflictsPage() {
  const live = useConflicts();
  const [which, setWhich] = useState<Which>('open');
  useDocumentTitle('Conflicts · Planning');
  const conflicts = useMemo(() => [...live.rows.values()].toSorted(inOrder), [live.rows]);
  const shown = conflicts.filter((conflict) => which === 'all' || (which === 'chosen') === isChosen(conflict));
  const count = (of: Which): number => conflicts.filter((conflict) => of === 'all' || (of === 'chosen') === isChosen(conflict)).length;
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h3">
          Conflicts
        </Title>
        <SegmentedControl
          aria-label="Which conflicts"
          value={which}
          onChange={setWhich}
          data={[
            { value: 'open', label: `By rule ${count('open')}` },
            { value: 'chosen', label: `By choice ${count('chosen')}` },
            { value: 'all', label: `All ${count('all')}` },
          ]}
        />
      </Group>
      <Text size="sm" c="dimmed">
        Two or more teams adjust the same amount. The measure’s rule decides between them, unless a person chooses: a choice stands above the rule, and is kept
        over runs.
      </Text>
      {!live.ready && (
        <Message title="Loading …">
          <Loader aria-label="Loading" size="sm" mt="sm" />
        </Message>
      )}
      {live.ready && shown.length === 0 && (
        <Message title={which === 'open' ? 'No conflict is open' : 'None'}>Where two teams adjust the same amount, it appears here by itself.</Message>
      )}
      <div className="conflict-cards">
        {shown.map((conflict) => (
          <ConflictCard key={conflict.id} conflict={conflict} />
        ))}
      </div>
    </Stack>
  );
}

function useConflicts() {
  const table = useMemo(() => new LiveTable<PlanConflict>({ schema: SCHEMA, table: 'plan_conflicts', keyOf: ({ id }) => id, read: planConflictOf }), []);
  return usePageTable(table);
}

/** What became of it, in few words. */
function outcomeOf(conflict: PlanConflict): string {
  const { team, by, amount } = conflict.resolution;
  const whose = isTeam(team) ? TEAM_TITLES[team] : by === 'confidence' ? 'Weighted' : by;
  return `${isChosen(conflict) ? 'Chosen: ' : ''}${whose}${amount === undefined ? '' : `, ${showChange(amount)}`}`;
}

function isChosen({ resolution }: PlanConflict): boolean {
  return resolution.by === 'choice';
}

function inOrder(a: PlanConflict, b: PlanConflict): number {
  return a.period.localeCompare(b.period) || a.product.localeCompare(b.product) || a.region.localeCompare(b.region) || a.measure.localeCompare(b.measure);
}

function ConflictCard({ conflict }: { conflict: PlanConflict }) {
  const { reference } = usePlanning();
  const [choosing, setChoosing] = useState<string>();
  const { products, regions, measures } = reference;
  const measure = measures.find(({ id }) => id === conflict.measure)?.name ?? conflict.measure;
  const name = `${products.name(conflict.product)} · ${regions.name(conflict.region)} · ${periodTitle(conflict.period)} · ${measure}`;
  const { resolution } = conflict;
  return (
    <section className="panel conflict-card" aria-label={`Conflict: ${name}`}>
      <Group justify="space-between" mb="sm" wrap="nowrap">
        <Text fw={650} className="cut" title={name}>
          {name}
        </Text>
        <Badge variant="light" color={isChosen(conflict) ? 'teal' : 'orange'} tt="none" size="lg">
          {outcomeOf(conflict)}
        </Badge>
      </Group>
      <SimpleGrid cols={{ base: 1, xs: conflict.contributors.length, sm: conflict.contributors.length }} spacing="sm">
        {conflict.contributors.map((contributor) => (
          <Side
            key={contributor.team}
            contributor={contributor}
            wins={resolution.team === contributor.team}
            choosing={choosing === contributor.team}
            choose={() => setChoosing(choosing === contributor.team ? undefined : contributor.team)}
          />
        ))}
      </SimpleGrid>
      {choosing !== undefined && <Choice key={choosing} conflict={conflict} team={choosing} close={() => setChoosing(undefined)} />}
      <Text size="xs" c="dimmed" mt="xs">
        Rule of {measure}: {RULE_TITLES[conflict.rule] ?? conflict.rule}
      </Text>
    </section>
  );
}

interface SideProps {
  contributor: Contributor;
  wins: boolean;
  choosing: boolean;
  choose: () => void;
}

function Side({ contributor, wins, choosing, choose }: SideProps) {
  const now = useNow();
  const { act } = mayOf(useCurrentUser().role);
  return (
    <div className={wins ? 'side-of wins' : 'side-of'}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600} size="sm">
          <TeamName team={contributor.team} />
        </Text>
        {wins && <IconCheck size={16} aria-label="This one counts" color="var(--mantine-color-teal-6)" />}
      </Group>
      <Text className="tabular" size="xl" fw={650}>
        {contributor.amount === undefined ? '–' : showChange(contributor.amount)}
      </Text>
      <Text size="xs" c="dimmed">
        {contributor.authors.join(', ')} · {age(contributor.at, now)} ago
        {contributor.confidence === undefined ? '' : ` · ${percent(contributor.confidence)} sure`}
        {contributor.entries > 1 ? ` · ${contributor.entries} entries` : ''}
      </Text>
      {act && (
        <Button
          size="compact-sm"
          mt={8}
          variant={choosing ? 'filled' : 'default'}
          onClick={choose}
          aria-pressed={choosing}
          aria-label={`Choose ${contributor.team}`}
        >
          Choose
        </Button>
      )}
    </div>
  );
}

function Choice({ conflict, team, close }: { conflict: PlanConflict; team: string; close: () => void }) {
  const { product, region, period, measure } = conflict;
  return (
    <div className="choice">
      <ActForm
        act={`Choose ${isTeam(team) ? TEAM_TITLES[team] : team}`}
        words="Reason"
        done="Chosen; the next run takes it in"
        send={(reason, intent) => insertRows(SCHEMA, 'conflict_choices', [{ product, region, period, measure, team, reason }], intent, { upsert: true })}
        onDone={close}
        aside={
          <Button size="xs" variant="default" onClick={close}>
            Cancel
          </Button>
        }
      />
    </div>
  );
}
