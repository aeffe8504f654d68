import type { UndoReport } from '#contracts/http/history';
import { ProblemException } from '#libs/runtime/http/problem';
import { CHANGES } from './undo-changes.ts';
import { type Conflicts, MOST_LISTED } from './undo-conflicts.ts';
import { ROWS } from './undo-plan.ts';
import type { UndoSession } from './undo-session.ts';
import type { UndoTable } from './undo-tables.ts';

type Tables = readonly UndoTable[];

interface ActionRow {
  adoptedId: number;
  key: string;
  action: 'insert' | 'update' | 'delete';
  columns: number[];
}

/** What is done, or would be: the first rows of the plan, and the first conflicts. */
export async function reportOf(
  { client }: UndoSession,
  tables: Tables,
  { rows, conflicts, applied }: { rows: number; conflicts: Conflicts; applied: boolean },
): Promise<UndoReport> {
  const { rows: actions } = await client.query<ActionRow>(
    `select r.adopted_id as "adoptedId", c.key::text, r.action, r.columns from ${ROWS} r join ${CHANGES} c on c.adopted_id = r.adopted_id and c.id = r.first
     order by r.page, r.last desc limit ${MOST_LISTED}`,
  );
  return {
    applied,
    rows,
    actions: actions.map(({ adoptedId, key, action, columns }) => ({
      table: nameOf(tables, adoptedId),
      key: keyOf(key),
      action,
      columns: action === 'delete' ? [] : columns.map((place) => tableOf(tables, adoptedId)?.facts.columns[place - 1]?.name ?? ''),
    })),
    conflicts: listed(conflicts, tables),
    conflictCount: conflicts.count,
  };
}

export function changedSince(conflicts: Conflicts, tables: Tables): ProblemException {
  const [first] = conflicts.listed;
  const more = conflicts.count > 1 ? `, and ${conflicts.count - 1} more rows were changed` : '';
  const what = first ? `${nameOf(tables, first.adoptedId)} ${first.key} was changed by ${first.actor} at ${first.at}${more}` : 'rows were changed since';
  return new ProblemException(409, 'changed-since', what, {
    conflicts: listed(conflicts, tables),
    conflictCount: conflicts.count,
    hint: 'Look at the later changes; "force": true puts back what was changed and keeps the rest.',
  });
}

export function rowsGone(missed: readonly { adoptedId: number; key: string }[], tables: Tables): ProblemException {
  const [{ adoptedId, key }] = missed as [{ adoptedId: number; key: string }];
  return new ProblemException(409, 'row-gone', `${nameOf(tables, adoptedId)} ${key} is no longer there, or this role may not write it`, {
    rows: missed.map((each) => ({ table: nameOf(tables, each.adoptedId), key: keyOf(each.key) })),
  });
}

function listed({ listed: changes }: Conflicts, tables: Tables): UndoReport['conflicts'] {
  return changes.map(({ adoptedId, key, id, actor, at }) => ({ table: nameOf(tables, adoptedId), key: keyOf(key), change: id, actor, at }));
}

function tableOf(tables: Tables, adoptedId: number): UndoTable | undefined {
  return tables.find(({ facts }) => facts.adoptedId === adoptedId);
}

function nameOf(tables: Tables, adoptedId: number): string {
  const facts = tableOf(tables, adoptedId)?.facts;
  return `${facts?.schema}.${facts?.name}`;
}

function keyOf(key: string): Record<string, unknown> {
  return JSON.parse(key) as Record<string, unknown>;
}
