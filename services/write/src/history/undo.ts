import type { UndoReport } from '#contracts/http/history';
import type { Asking } from '../asking.ts';
import { withRetries } from '../rows/concurrency.ts';
import { changesOfRow } from './changes.ts';
import type { HistoryStand } from './row-history.ts';
import type { TableFacts } from './table-facts.ts';
import { collectChanges, collectWay, type Undoable } from './undo-changes.ts';
import { foreignChanges } from './undo-conflicts.ts';
import { planRows } from './undo-plan.ts';
import { changedSince, reportOf, rowsGone } from './undo-report.ts';
import type { UndoRun } from './undo-run.ts';
import { UndoSession } from './undo-session.ts';
import { requireSight } from './undo-sight.ts';
import { unknownChange, type UndoTable } from './undo-tables.ts';
import { missedRows, writePages } from './undo-write.ts';

export interface UndoStand extends HistoryStand {
  /** Most bytes of rows that one statement writes. */
  pageBytes: number;
}

export interface WriteAsked extends Asking {
  /** Whether to write over what somebody changed since. */
  force: boolean;
  /** Say what would be done, and do nothing. */
  dryRun: boolean;
  run: UndoRun;
}

/**
 * Takes changes back as a new audited write of the caller: one change, or all of a request or trace, in one transaction. Where a row was changed since, by
 * somebody else or another request, it refuses (409, with who and when), unless forced: then what the changes changed is put back and the rest stays.
 * The caller must be able to see the changes (else 404), and to write their inverse. The changes stay in PostgreSQL: the service holds one page of rows at a time.
 */
export function undo(stand: UndoStand, what: Undoable, asked: WriteAsked): Promise<UndoReport> {
  return inTransaction(stand, asked, async (session) => carryOut(session, { tables: await collectChanges(session, what) }, asked));
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
export async function restore(stand: UndoStand, { facts, key, change, latest }: Restored, asked: WriteAsked): Promise<UndoReport> {
  const [newest] = await changesOfRow(stand.pool, facts.adoptedId, key, { before: undefined, limit: 1 });
  const [chosen] = await changesOfRow(stand.pool, facts.adoptedId, key, { before: String(BigInt(change) + 1n), limit: 1 });
  if (chosen?.id !== change || !newest) throw unknownChange();
  const since = latest ?? newest.id;
  return inTransaction(stand, asked, async (session) => {
    const tables = await collectWay(session, { change, newest: newest.id, latest: since });
    return carryOut(session, { tables, since }, asked);
  });
}

interface Collected {
  tables: readonly UndoTable[];
  since?: string;
}

async function carryOut(session: UndoSession, { tables, since }: Collected, { force, dryRun }: WriteAsked): Promise<UndoReport> {
  const { run } = session;
  run.goOn();
  await requireSight(session, tables);
  const { rows, pages } = await planRows(session, tables, since);
  run.goOn();
  run.total = rows;
  const conflicts = await foreignChanges(session, tables, rows);
  if (conflicts.count > 0 && !force && !dryRun) throw changedSince(conflicts, tables);
  const report = await reportOf(session, tables, { rows, conflicts, applied: !dryRun });
  if (dryRun) return report;
  run.goOn('write');
  await writePages(session, tables, pages);
  run.goOn('check');
  const missed = await missedRows(session);
  if (missed.length > 0) throw rowsGone(missed, tables);
  if (!force) await refuseLateChanges(session, tables, rows);
  return report;
}

/** The rows are locked by now: whoever changed one between the first look and the write is seen here, and nothing is kept. */
async function refuseLateChanges(session: UndoSession, tables: readonly UndoTable[], rows: number): Promise<void> {
  const late = await foreignChanges(session, tables, rows);
  if (late.count > 0) throw changedSince(late, tables);
}

/** Ends a transaction with what it found, and nothing kept. */
class Tried extends Error {
  readonly report: UndoReport;

  constructor(report: UndoReport) {
    super('tried as asked');
    this.report = report;
  }
}

async function inTransaction(
  { governed, pageBytes }: UndoStand,
  { principal, context, run }: WriteAsked,
  work: (session: UndoSession) => Promise<UndoReport>,
): Promise<UndoReport> {
  const attempt = (): Promise<UndoReport> =>
    governed.transaction({ principal, context }, async (client) => {
      run.begin();
      const session = new UndoSession(client, { role: principal.role, run, pageBytes });
      await session.open();
      const report = await work(session);
      if (!report.applied || report.rows === 0) throw new Tried(report);
      await client.query('set constraints all immediate');
      await run.close(client, report);
      return report;
    });
  try {
    return await withRetries(attempt);
  } catch (error) {
    if (error instanceof Tried) return error.report;
    throw error;
  }
}
