import { formatAmount } from '../model/amount.ts';
import { diffPlans } from '../model/diff-plans.ts';
import { lineKey } from '../model/merge-diffs.ts';
import { changeRow, conflictRow, lineRow, tieOutRow } from '../model/plan-rows.ts';
import type { LineKey, PlanDiff, ScopePlan } from '../model/plan.ts';
import type { PublishedScope } from '../model/scope-inputs.ts';
import { DELETED } from './consolidated-plan.ts';
import type { MadePlan } from './made-plan.ts';
import type { Spool, Spools } from './spool.ts';

type ChangeRow = ReturnType<typeof changeRow> & { version: number };

export interface Stamp {
  version: number;
  /** ISO 8601. */
  at: string;
  /** No plan was ever published, so no line can move. */
  first: boolean;
}

const ZERO = formatAmount(0n);

function write(spool: Spool, { causes, ...change }: ChangeRow): Promise<void> {
  return spool.add(change, JSON.stringify(causes));
}

function changes({ upserts, removals, conflictUpserts, conflictRemovals }: PlanDiff): boolean {
  return upserts.length + removals.length + conflictUpserts.length + conflictRemovals.length > 0;
}

/**
 * Writes the scopes' diffs to the spools, each line at most once, as the model's `mergeDiffs` does for diffs in memory: a product or region that moves in its
 * hierarchy takes its lines from one scope to another, maybe batches apart. There they are changed, neither removed nor new.
 */
export class PlanWriter {
  readonly #spools: Spools;
  readonly #made: MadePlan;
  readonly #stamp: { version: number; updated_at: string };
  readonly #first: boolean;
  readonly #removals = new Map<string, LineKey>();
  /** Lines new to their scope: one that moved there from another scope is no removal. */
  readonly #arrived = new Set<string>();

  constructor(spools: Spools, made: MadePlan, { version, at, first }: Stamp) {
    this.#spools = spools;
    this.#made = made;
    this.#stamp = { version, updated_at: at };
    this.#first = first;
  }

  /** `known`: the published plan has something of this scope. */
  async add(before: PublishedScope | null, plan: ScopePlan, known: boolean): Promise<void> {
    const diff = diffPlans(before, plan);
    const was = new Set(before?.lines.map(lineKey));
    for (const line of diff.upserts) {
      const { contributors, ...row } = { ...lineRow(line), ...this.#stamp };
      const bulk = JSON.stringify(contributors);
      const fresh = !was.has(lineKey(line));
      await this.#spools[fresh ? 'fresh' : 'changed'].add(row, bulk);
      await this.#spools.lake.add({ ...row, contributors: bulk, [DELETED]: false });
      if (fresh && !this.#first) this.#arrived.add(lineKey(line));
    }
    for (const key of diff.removals) this.#removals.set(lineKey(key), key);
    await this.#changes(diff);
    await this.#conflicts(diff);
    // A scope that stays as it is keeps the proof of the run that made it so.
    if (changes(diff)) for (const tieOut of plan.tieOuts) await this.#spools.tieOuts.add(tieOutRow(tieOut));
    if (plan.lines.length > 0 || known) await this.#spools.scopes.add({ scope: plan.scope, premises: plan.premises, gone: plan.lines.length === 0 });
    this.#made.lines += diff.upserts.length;
  }

  /** A change with one side only may be half of a move: it waits for the end. */
  async #changes({ changes }: PlanDiff): Promise<void> {
    for (const change of changes) {
      const half = !this.#first && (change.before === null || change.after === null);
      await write(this.#spools[half ? 'halves' : 'changes'], { ...changeRow(change), version: this.#stamp.version });
    }
  }

  async #conflicts({ conflictUpserts, conflictRemovals }: PlanDiff): Promise<void> {
    for (const conflict of conflictUpserts) {
      const { contributors, ...row } = conflictRow(conflict);
      await this.#spools.conflicts.add({ ...row, version: this.#stamp.version }, JSON.stringify(contributors));
    }
    for (const id of conflictRemovals) await this.#spools.settled.add({ id });
    this.#made.conflicts += conflictUpserts.length + conflictRemovals.length;
  }

  async end(): Promise<void> {
    const moved = new Set<string>();
    for (const [name, key] of this.#removals) {
      if (this.#arrived.has(name)) {
        moved.add(name);
        continue;
      }
      await this.#spools.removals.add(key);
      await this.#spools.lake.add({ ...key, [DELETED]: true });
    }
    this.#made.removals = this.#removals.size - moved.size;
    await this.#join(moved);
    for (const spool of Object.values(this.#spools)) await spool.flush();
  }

  /** Both halves of each moved line's change as one; in memory are only the moved lines. */
  async #join(moved: ReadonlySet<string>): Promise<void> {
    const joined = new Map<string, ChangeRow>();
    for await (const { row, bulk } of this.#spools.halves.rows()) {
      const change = { ...(row as Omit<ChangeRow, 'causes'>), causes: JSON.parse(bulk) as ChangeRow['causes'] };
      const key = lineKey(change);
      if (!moved.has(key)) {
        await write(this.#spools.changes, change);
        continue;
      }
      const there = joined.get(key);
      const both = there && {
        ...there,
        before: there.before ?? change.before,
        after: there.after ?? change.after,
        causes: [...there.causes, ...change.causes],
      };
      joined.set(key, both ?? change);
    }
    for (const change of joined.values()) if ((change.before ?? ZERO) !== (change.after ?? ZERO)) await write(this.#spools.changes, change);
  }
}
