import type { Lakehouse, LakeCommit, LakeRelation } from '#libs/lakehouse/lakehouse';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Logger } from '#libs/runtime/logger';

export const CONSOLIDATED_PLAN = { schema: 'planning', name: 'consolidated_plan' } as const;
const APP = 'lakeloop.planning';
const UNDO = 'lakeloop.planning.undo';
export const LINE_KEY = ['product', 'region', 'period', 'measure'] as const;
export const DELETED = '_deleted';

const TEXT = ['product', 'region', 'period', 'measure', 'scope', 'unit'];
export const AMOUNTS = ['baseline', 'assumed', 'finance', 'sales', 'supply', 'cut', 'override', 'amount', 'capacity'] as const;
export const FLAGS = ['constrained', 'overridden', 'frozen', 'conflict'] as const;

/** Of `planning.plan_lines`, in its order; contributors as JSON text. */
const COLUMNS: readonly LakeColumn[] = [
  ...TEXT.map((name): LakeColumn => ({ name, type: 'string' })),
  ...AMOUNTS.map((name): LakeColumn => ({ name, type: { decimal: { precision: 38, scale: 6 } } })),
  ...FLAGS.map((name): LakeColumn => ({ name, type: 'boolean' })),
  { name: 'contributors', type: 'string' },
  { name: 'version', type: 'long' },
  { name: 'updated_at', type: 'timestamp' },
];
/** Keeps a version's history for a month, and files that old versions need with it. */
const RETENTION_HOURS = 30 * 24;
const HISTORY = 1_000;
/** A merge rewrites whole files: of one scope's lines, some hundred others. Smaller ones cost more than they save. */
const CLUSTER_ROWS = 250;

/** What Postgres knows of the last plan published: the run that made it, and the table's version it left. 0: none. */
export interface LastPublished {
  runId: bigint;
  version: bigint;
  lakeVersion: bigint | null;
}

/**
 * The consolidated plan as a Delta table: the current plan, a version of the table for each plan version. A run's lines are one merge under the run's id as application
 * transaction, so a repeat changes nothing. Postgres decides what is published (docs/adr/0023): a version that a crash left without its Postgres half is taken back before the next.
 */
export class ConsolidatedPlan {
  readonly #lakehouse: Lakehouse;
  readonly #logger: Logger;

  constructor(lakehouse: Lakehouse, logger: Logger) {
    this.#lakehouse = lakehouse;
    this.#logger = logger;
  }

  /**
   * Makes the table what Postgres has published: creates it, takes back what was never published, writes everything anew (`lines`: NDJSON files with all published
   * lines, asked for only then) when it was lost. Returns how many versions others have written since, or null where that is not known.
   */
  async heal(last: LastPublished, lines: () => Promise<string>): Promise<number | null> {
    const { version } = await this.#lakehouse.ensureTable(CONSOLIDATED_PLAN, {
      columns: COLUMNS,
      partitionBy: ['period'],
      properties: { 'lakeloop.clusterBy': 'scope', 'lakeloop.clusterRows': String(CLUSTER_ROWS) },
      description: 'The consolidated plan, a version for each plan version; written by Lakeloop',
    });
    const newest = (await this.#lakehouse.lastTransaction(CONSOLIDATED_PLAN, APP)) ?? 0n;
    if (newest < last.runId) {
      this.#logger.warn({ table: 'planning.consolidated_plan', run: String(last.runId) }, 'the lakehouse lacks published plans: writing the plan anew');
      await this.#lakehouse.replace(
        CONSOLIDATED_PLAN,
        { ndjson: [await lines()] },
        { txn: { appId: APP, version: last.runId }, note: note(last.runId, last.version, 'rebuild') },
      );
      return null;
    }
    if (newest > last.runId) {
      await this.#takeBack(newest);
      return null;
    }
    return last.lakeVersion === null ? null : Number(version - last.lakeVersion);
  }

  /** A run's changed lines, as NDJSON with `_deleted`. */
  publish(runId: bigint, version: bigint, ndjson: string, signal: AbortSignal): Promise<LakeCommit> {
    return this.#lakehouse.merge(
      CONSOLIDATED_PLAN,
      { ndjson: [ndjson] },
      { key: LINE_KEY, deleted: DELETED, txn: { appId: APP, version: runId }, note: note(runId, version, 'publish'), signal },
    );
  }

  /** Files that no version of the last month needs. */
  async tidy(): Promise<void> {
    await this.#lakehouse.vacuum(CONSOLIDATED_PLAN, { retentionHours: RETENTION_HOURS });
  }

  /** Undoes the version of a run that never came to be published, and nothing that anybody else wrote. */
  async #takeBack(runId: bigint): Promise<void> {
    if (((await this.#lakehouse.lastTransaction(CONSOLIDATED_PLAN, UNDO)) ?? 0n) >= runId) return;
    const history = await this.#lakehouse.history(CONSOLIDATED_PLAN, HISTORY);
    const orphan = history.find(({ note: of }) => of['run'] === String(runId) && of['what'] !== 'undo');
    if (!orphan) throw new Error(`the version of run ${runId} is not in the table's last ${HISTORY} versions`);
    const opened: LakeRelation[] = [];
    try {
      for (const version of [orphan.version - 1n, orphan.version]) opened.push(await this.#lakehouse.relation(CONSOLIDATED_PLAN, { version }));
      const [before, after] = opened.map(({ sql }) => sql);
      this.#logger.warn(
        { run: String(runId), lakeVersion: String(orphan.version) },
        'a run ended before its plan was published: its lakehouse version is taken back',
      );
      await this.#lakehouse.merge(
        CONSOLIDATED_PLAN,
        { select: { sql: inverse(before ?? '', after ?? '') } },
        { key: LINE_KEY, deleted: DELETED, txn: { appId: UNDO, version: runId }, note: note(runId, 0n, 'undo') },
      );
    } finally {
      for (const relation of opened) await relation.release();
    }
  }
}

function note(run: bigint, version: bigint, what: 'publish' | 'rebuild' | 'undo'): Record<string, string> {
  return { run: String(run), planVersion: String(version), what };
}

/** Rows that were other before come back; rows that were not there go. */
function inverse(before: string, after: string): string {
  const quoted = COLUMNS.map(({ name }) => `"${name}"`);
  const columns = quoted.join(', ');
  const same = LINE_KEY.map((name) => `a."${name}" is not distinct from b."${name}"`).join(' and ');
  return `select ${columns}, false as ${DELETED} from (select ${columns} from ${before} except select ${columns} from ${after})
    union all select ${quoted.map((name) => `a.${name}`).join(', ')}, true from ${after} a where not exists (select 1 from ${before} b where ${same})`;
}
