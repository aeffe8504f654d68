import { Alert, Badge, Group, Loader, Select, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { asText } from '../api/as-text.ts';
import { inWords } from '../api/in-words.ts';
import { LiveTable } from '../live/live-table.ts';
import { useNow } from '../live/use-now.ts';
import { Message } from '../shell/message.tsx';
import { age } from '../subjects/format-value.ts';
import { type Approval, approvalOf } from './approval.ts';
import { ApprovalPanel } from './approval-panel.tsx';
import { DiffPanel } from './diff-panel.tsx';
import { readAll, SCHEMA, usePageTable, usePlanning } from './planning-data.ts';

interface Version {
  version: number;
  createdAt: string;
  linesChanged: number;
}

/** So many versions can be chosen from: older ones are in the lake. */
const RECENT = 200;
const STATE_COLOURS: Readonly<Record<string, string>> = { proposed: 'blue', approved: 'teal', rejected: 'red' };

/** Versions of the plan: what changed between two of them and through whom, and which are approved. */
export function VersionsPage() {
  const versions = useVersions();
  const approvals = useApprovals();
  const choice = useChoice(versions.data ?? []);
  useDocumentTitle('Versions · Planning');
  if (versions.isError)
    return (
      <Alert color="red" title={inWords(versions.error).title}>
        {inWords(versions.error).detail}
      </Alert>
    );
  return (
    <Stack gap="sm">
      <Title order={1} size="h3">
        Versions
      </Title>
      {versions.isPending && (
        <Message title="Loading …">
          <Loader aria-label="Loading" size="sm" mt="sm" />
        </Message>
      )}
      {versions.data?.length === 0 && <Message title="No version yet">The first reconciliation makes one.</Message>}
      {choice && (
        <div className="versions-page">
          <VersionList versions={versions.data ?? []} approvals={approvals} chosen={choice.to} choose={(to) => choice.set(to, undefined)} />
          <Stack gap="sm" miw={0}>
            <ApprovalPanel key={choice.to} version={choice.to} approval={approvals.get(String(choice.to))} />
            <DiffPanel from={choice.from} to={choice.to}>
              <ComparedWith versions={versions.data ?? []} choice={choice} />
            </DiffPanel>
          </Stack>
        </div>
      )}
    </Stack>
  );
}

function ComparedWith({ versions, choice }: { versions: readonly Version[]; choice: NonNullable<ReturnType<typeof useChoice>> }) {
  const before = [...versions.map(({ version }) => version), 0].filter((version) => version < choice.to);
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" c="dimmed">
        compared with
      </Text>
      <Select
        size="xs"
        w={110}
        aria-label="Compared with version"
        allowDeselect={false}
        value={String(choice.from)}
        data={before.map((version) => ({ value: String(version), label: version === 0 ? 'nothing' : `v${version}` }))}
        onChange={(from) => choice.set(choice.to, Number(from))}
      />
    </Group>
  );
}

function useVersions() {
  const { epoch } = usePlanning();
  return useQuery({
    queryKey: ['planning', 'versions', epoch],
    queryFn: async ({ signal }): Promise<Version[]> =>
      (await readAll('plan_versions', { order: 'version.desc', limit: String(RECENT) }, signal)).map((row) => ({
        version: Number(row.version),
        createdAt: asText(row.created_at),
        linesChanged: Number(row.lines_changed ?? 0),
      })),
    placeholderData: (before) => before,
  });
}

function useApprovals(): ReadonlyMap<string, Approval> {
  const table = useMemo(
    () => new LiveTable<Approval>({ schema: SCHEMA, table: 'plan_approvals', keyOf: ({ version }) => String(version), read: approvalOf }),
    [],
  );
  return usePageTable(table).rows;
}

/** The two versions, kept in the address: the newest against the one before it. */
function useChoice(versions: readonly Version[]) {
  const [parameters, setParameters] = useSearchParams();
  const [newest] = versions;
  if (!newest) return undefined;
  const known = (name: string): number | undefined => versions.find(({ version }) => String(version) === parameters.get(name))?.version;
  const to = known('to') ?? newest.version;
  const asked = parameters.get('from') === '0' ? 0 : known('from');
  const before = versions.find(({ version }) => version < to)?.version ?? 0;
  return {
    to,
    from: asked !== undefined && asked < to ? asked : before,
    set: (next: number, from: number | undefined) =>
      setParameters({ to: String(next), ...(from === undefined ? {} : { from: String(from) }) }, { replace: true }),
  };
}

interface VersionListProps {
  versions: readonly Version[];
  approvals: ReadonlyMap<string, Approval>;
  chosen: number;
  choose: (version: number) => void;
}

function VersionList({ versions, approvals, chosen, choose }: VersionListProps) {
  const now = useNow();
  return (
    <nav className="panel version-list" aria-label="Versions of the plan">
      {versions.map(({ version, createdAt, linesChanged }) => {
        const state = approvals.get(String(version))?.state;
        return (
          <button key={version} type="button" aria-current={version === chosen || undefined} onClick={() => choose(version)}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Text span fw={600} size="sm">
                v{version}
              </Text>
              {state && (
                <Badge size="sm" variant="light" tt="none" color={STATE_COLOURS[state] ?? 'gray'}>
                  {state}
                </Badge>
              )}
            </Group>
            <Text span size="xs" c="dimmed">
              {age(createdAt, now)} ago · {linesChanged.toLocaleString()} line{linesChanged === 1 ? '' : 's'}
            </Text>
          </button>
        );
      })}
    </nav>
  );
}
