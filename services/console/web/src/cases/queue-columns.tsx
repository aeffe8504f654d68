import { asText } from '../api/as-text.ts';
import { Anchor } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import { Link } from 'react-router';
import type { FlowDescription } from '#contracts/http/flows';
import { columnTitle, labelTitle } from '../flows/flows.ts';
import { age, formatValue, isNumeric } from '../subjects/format-value.ts';
import { ShortRecommendation, StateBadge } from './badges.tsx';
import type { QueueEntry } from './queue-view.ts';

/** A case id is long; its beginning tells cases of a list apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Case, state, what the subject is about, the recommendation, who, how long ago. */
export function queueColumns(flow: FlowDescription, now: number): ColumnDef<QueueEntry>[] {
  return [
    {
      id: 'case',
      header: 'Case',
      accessorFn: (entry) => entry.case.id,
      enableSorting: false,
      cell: ({ row: { original } }) => (
        <Anchor component={Link} to={`/${flow.name}/cases/${original.case.id}`} size="sm" ff="monospace" aria-label={`Case ${shortId(original.case.id)}`}>
          {shortId(original.case.id)}
        </Anchor>
      ),
    },
    { id: 'state', header: 'State', accessorFn: (entry) => entry.case.state, cell: ({ row }) => <StateBadge state={row.original.case.state} /> },
    {
      id: 'recommendation',
      header: 'Recommendation',
      accessorFn: ({ recommendation }) => (recommendation ? labelTitle(flow, recommendation.class) + (1 + recommendation.confidence) : undefined),
      sortUndefined: 'last',
      meta: { whole: true },
      cell: ({ row: { original } }) =>
        original.recommendation ? <ShortRecommendation label={original.recommendation.class} confidence={original.recommendation.confidence} /> : '…',
    },
    {
      id: 'age',
      header: 'Age',
      accessorFn: (entry) => -Date.parse(entry.case.flaggedAt),
      meta: { numeric: true },
      cell: ({ row }) => <time dateTime={row.original.case.flaggedAt}>{age(row.original.case.flaggedAt, now)}</time>,
    },
    { id: 'flaggedBy', header: 'Flagged by', accessorFn: (entry) => entry.case.flaggedBy },
    ...flow.subject.summary
      .filter((name) => flow.subject.columns.some((column) => column.name === name))
      .map((name, index) => subjectColumn(flow, name, index)),
    {
      id: 'note',
      header: 'Note',
      accessorFn: (entry) => entry.case.note,
      meta: { wideOnly: true },
      cell: ({ row }) => <span title={row.original.case.note}>{row.original.case.note || '–'}</span>,
    },
  ];
}

function subjectColumn(flow: FlowDescription, name: string, index: number): ColumnDef<QueueEntry> {
  const type = flow.subject.columns.find((column) => column.name === name)?.type ?? 'text';
  return {
    id: `subject.${name}`,
    header: columnTitle(flow, name),
    accessorFn: ({ subject }) => sortable(subject?.[name]),
    sortUndefined: 'last',
    meta: { numeric: isNumeric(type), wideOnly: index > 2 },
    cell: ({ row }) =>
      row.original.subject ? <span title={formatValue(row.original.subject[name], type)}>{formatValue(row.original.subject[name], type)}</span> : '…',
  };
}

function sortable(value: unknown): string | number | bigint | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'number' || typeof value === 'bigint' ? value : asText(value);
}
