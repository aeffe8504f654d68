import type { ClientBase } from 'pg';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import type { UndoReport } from '#contracts/http/history';
import type { Asking } from '../asking.ts';
import { type Change, changesOf, changesOfRow, foreignChanges, type ForeignChange, type Undoable } from './changes.ts';
import { type HistoryStand, isSeen, seen } from './row-history.ts';
import { type TableFacts, tableFacts } from './table-facts.ts';
import { actionTo, planUndo, type RowAction } from './undo-plan.ts';
import { writeActions } from './write-actions.ts';

/** Most changes that one undo takes back. */
export const MOST_CHANGES = 100_000;
/** Actions and conflicts that a report lists. */
const MOST_LISTED = 100;

export interface WriteAsked extends Asking {
  /** Whether to write over what somebody changed since. */
  force: boolean;
  /** Say what would be done, and do nothing. */
  dryRun: boolean;
}

type Tables = ReadonlyMap<number, TableFacts>;

/**
 * Takes changes back as a new audited write of the caller: one change, or all of a request or trace, in one transaction. Where a row was changed since, by
 * somebody else or another request, it refuses (409, with who and when), unless forced: then what the changes changed is put back and the rest stays.
 * The caller must be able to see the changes (else 404), and to write their inverse.
 */
export async function undo(stand: HistoryStand, what: Undoable, asked: WriteAsked): Promise<UndoReport> {
  const changes = await changesOf(stand.pool, what, MOST_CHANGES + 1);
  if (changes.length > MOST_CHANGES)
    throw new ProblemException(422, 'too-many-changes', `more than ${MOST_CHANGES} rows were changed`, { hint: 'Undo them in parts, by request.' });
  const tables = await tablesOf(stand, asked.principal, changes);
  await requireSeen(stand, asked.principal, changes, tables);
  return carryOut(stand, { actions: planUndo(changes, tables), known: changes.map(({ id }) => id), tables }, asked);
}

export interface Restored {
  facts: TableFacts;
  /** JSON text of the row's primary key. */
  key: string;
  /** The change after which the row was as it shall be again. */
  change: string;
  /** The newest change that the caller knows of: a newer one is a conflict. */
  latest: string | undefined;
}

/** Brings one row back to what it was after one of its changes, as a new audited write. */
export async function restore(stand: HistoryStand, { facts, key, change, latest }: Restored, asked: WriteAsked): Promise<UndoReport> {
  const newest = await changesOfRow(stand.pool, facts.adoptedId, key, { before: undefined, limit: 1 });
  const chosen = await changesOfRow(stand.pool, facts.adoptedId, key, { before: String(BigInt(change) + 1n), limit: 1 });
  const tables: Tables = new Map([[facts.adoptedId, facts]]);
  if (chosen[0]?.id !== change) throw unknownChange();
  await requireSeen(stand, asked.principal, [...newest, ...chosen], tables);
  const action = actionTo(chosen[0].after, newest, tables);
  const known = newest.map(({ id }) => id).filter((id) => latest === undefined || BigInt(id) <= BigInt(latest));
  const since = action && latest !== undefined ? { ...action, first: latest } : action;
  return carryOut(stand, { actions: since ? [since] : [], known, tables }, asked);
}

interface Plan {
  actions: readonly RowAction[];
  /** Changes that are accounted for. */
  known: readonly string[];
  tables: Tables;
}

async function carryOut({ pool, governed }: HistoryStand, plan: Plan, { principal, context, force, dryRun }: WriteAsked): Promise<UndoReport> {
  const conflicts = await foreignChanges(pool, plan.actions, plan.known);
  if (conflicts.length > 0 && !force && !dryRun) throw changedSince(conflicts, plan.tables);
  const report = reportOf(plan, conflicts, !dryRun);
  if (dryRun || plan.actions.length === 0) return report;
  await governed.transaction({ principal, context }, async (client) => {
    const missed = await writeActions(client, plan.actions, plan.tables);
    if (missed.length > 0) throw rowsGone(missed, plan.tables);
    if (!force) await refuseLateChanges(client, plan);
  });
  return report;
}

/** The rows are locked by now: whoever changed one between the first look and the write is seen here, and nothing is kept. */
async function refuseLateChanges(client: ClientBase, { actions, known, tables }: Plan): Promise<void> {
  await client.query('reset role');
  const late = await foreignChanges(client, actions, known);
  if (late.length > 0) throw changedSince(late, tables);
}

async function tablesOf({ pool }: HistoryStand, { role }: Principal, changes: readonly Change[]): Promise<Tables> {
  if (changes.length === 0) throw unknownChange();
  const adoptedIds = [...new Set(changes.map(({ adoptedId }) => adoptedId))];
  return new Map((await tableFacts(pool, role, { adoptedIds })).map((facts) => [facts.adoptedId, facts]));
}

/** What a caller can't see is not told apart from what is not there. */
async function requireSeen({ governed }: HistoryStand, principal: Principal, changes: readonly Change[], tables: Tables): Promise<void> {
  for (const [adoptedId, facts] of tables) {
    const ofTable = changes.filter((change) => change.adoptedId === adoptedId);
    const visible = await seen(governed, principal, facts, ofTable);
    const hidden = visible.some(
      (each) => !isSeen(each) || (each.change.before !== null && each.before === null) || (each.change.after !== null && each.after === null),
    );
    if (hidden) throw unknownChange();
  }
}

function reportOf({ actions, tables }: Plan, conflicts: readonly ForeignChange[], applied: boolean): UndoReport {
  return {
    applied,
    rows: actions.length,
    actions: actions
      .slice(0, MOST_LISTED)
      .map(({ adoptedId, key, action, columns }) => ({ table: nameOf(tables, adoptedId), key: keyOf(key), action, columns: [...columns] })),
    conflicts: listed(conflicts, tables),
  };
}

function listed(conflicts: readonly ForeignChange[], tables: Tables): UndoReport['conflicts'] {
  return conflicts
    .slice(0, MOST_LISTED)
    .map(({ adoptedId, key, id, actor, at }) => ({ table: nameOf(tables, adoptedId), key: keyOf(key), change: id, actor, at }));
}

function nameOf(tables: Tables, adoptedId: number): string {
  const facts = tables.get(adoptedId);
  return `${facts?.schema}.${facts?.name}`;
}

function keyOf(key: string): Record<string, unknown> {
  return JSON.parse(key) as Record<string, unknown>;
}

function unknownChange(): ProblemException {
  return new ProblemException(404, 'unknown-change', 'there is no such change, or a part of it is not for this role to see');
}

function changedSince(conflicts: readonly ForeignChange[], tables: Tables): ProblemException {
  const [{ adoptedId, key, actor, at }] = conflicts as [ForeignChange];
  return new ProblemException(409, 'changed-since', `${nameOf(tables, adoptedId)} ${key} was changed by ${actor} at ${at}`, {
    conflicts: listed(conflicts, tables),
    hint: 'Look at the later changes; "force": true puts back what was changed and keeps the rest.',
  });
}

function rowsGone(missed: readonly RowAction[], tables: Tables): ProblemException {
  const [{ adoptedId, key }] = missed as [RowAction];
  return new ProblemException(409, 'row-gone', `${nameOf(tables, adoptedId)} ${key} is no longer there, or this role may not write it`, {
    rows: missed.slice(0, MOST_LISTED).map((each) => ({ table: nameOf(tables, each.adoptedId), key: keyOf(each.key) })),
  });
}
