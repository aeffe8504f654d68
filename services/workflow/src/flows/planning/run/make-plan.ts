import { setImmediate as breathe } from 'node:timers/promises';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import type { Failure } from '#libs/failure/failure';
import { diffPlans } from '../model/diff-plans.ts';
import { changeRow, conflictRow, lineRow, tieOutRow } from '../model/plan-rows.ts';
import type { LineKey, PlanDiff, ScopePlan } from '../model/plan.ts';
import { compileReference, type Reference } from '../model/reference.ts';
import { reconcile } from '../model/reconcile.ts';
import type { PublishedScope } from '../model/scope-inputs.ts';
import { splitScopes } from '../model/split-scopes.ts';
import { expandTouched, type Touched } from '../model/touched-scopes.ts';
import { DELETED } from './consolidated-plan.ts';
import { type InputVersions, readPublished, readReference, readScopeRows, readScopes } from './read-inputs.ts';
import type { Spools } from './spool.ts';

/** What a plan was made from, and what it changes. The rows are in the spools. */
export interface MadePlan {
  snapshot: string;
  inputs: InputVersions;
  /** Null: all. */
  scopes: string[] | null;
  lines: number;
  removals: number;
  conflicts: number;
  /** Scopes that could not be planned: their last plan stands. */
  parked: { scope: string; failure: Failure }[];
}

export interface MakePlanOptions {
  /** In a read-only transaction that sees one snapshot throughout. */
  client: pg.ClientBase;
  touched: Touched;
  spools: Spools;
  version: bigint;
  /** ISO 8601. */
  at: string;
  signal: AbortSignal;
}

/** Scopes whose rows are in memory at once. */
const BATCH = 100;
/** The event loop has its turn at least this often, ms. */
const BREATH = 10;

/** Plans the touched scopes, batch by batch, and writes what differs from the published plan to the spools. */
export async function makePlan({ client, touched, spools, version, at, signal }: MakePlanOptions): Promise<MadePlan> {
  const { rows } = await client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  const read = await readReference(client);
  const reference = compileReference(read.reference);
  const candidates = touched.all || touched.periods.length > 0 ? await readScopes(client) : [];
  const scopes = expandTouched(touched, candidates);
  const made: MadePlan = { snapshot: rows[0]?.snapshot ?? '', inputs: {}, scopes, lines: 0, removals: 0, conflicts: 0, parked: [] };
  const writer = new PlanWriter(spools, made, { version: Number(version), at });
  const all = scopes ?? candidates;
  for (let from = 0; from < all.length; from += BATCH)
    await planBatch({ client, reference, frozen: read.frozen, signal, writer, made }, all.slice(from, from + BATCH));
  await writer.end();
  return made;
}

interface Making {
  client: pg.ClientBase;
  reference: Reference;
  frozen: ReadonlySet<string>;
  signal: AbortSignal;
  writer: PlanWriter;
  made: MadePlan;
}

async function planBatch({ client, reference, frozen, signal, writer, made }: Making, scopes: readonly string[]): Promise<void> {
  signal.throwIfAborted();
  const rows = await readScopeRows(client, scopes, made.inputs);
  const published = await readPublished(client, scopes);
  let rested = performance.now();
  for (const [scope, own] of splitScopes(reference, rows, scopes)) {
    const before = published.get(scope) ?? null;
    const period = scope.slice(scope.lastIndexOf('|') + 1);
    try {
      const plan = reconcile({ reference, scope, rows: own, frozen: frozen.has(period), published: before });
      await writer.add(before, plan);
    } catch (error) {
      const failure = classify(error);
      if (failure.kind !== 'poison-record') throw error;
      made.parked.push({ scope, failure });
    }
    if (performance.now() - rested > BREATH) {
      await breathe();
      signal.throwIfAborted();
      rested = performance.now();
    }
  }
}

class PlanWriter {
  readonly #spools: Spools;
  readonly #made: MadePlan;
  readonly #stamp: { version: number; updated_at: string };
  readonly #removals = new Map<string, LineKey>();
  /** Lines new to their scope: one that moved there from another scope is no removal. */
  readonly #arrived = new Set<string>();

  constructor(spools: Spools, made: MadePlan, { version, at }: { version: number; at: string }) {
    this.#spools = spools;
    this.#made = made;
    this.#stamp = { version, updated_at: at };
  }

  async add(before: PublishedScope | null, plan: ScopePlan): Promise<void> {
    const diff = diffPlans(before, plan);
    const was = new Set(before?.lines.map(keyOf));
    for (const line of diff.upserts) {
      const row = { ...lineRow(line), ...this.#stamp };
      await this.#spools[was.has(keyOf(line)) ? 'changed' : 'fresh'].add(row);
      await this.#spools.lake.add({ ...row, contributors: JSON.stringify(row.contributors), [DELETED]: false });
      if (before !== null && !was.has(keyOf(line))) this.#arrived.add(keyOf(line));
    }
    for (const key of diff.removals) this.#removals.set(keyOf(key), key);
    for (const change of diff.changes) await this.#spools.changes.add({ version: this.#stamp.version, ...changeRow(change) });
    await this.#conflicts(diff);
    for (const tieOut of plan.tieOuts) await this.#spools.tieOuts.add(tieOutRow(tieOut));
    if (plan.lines.length > 0 || before !== null) await this.#spools.scopes.add({ scope: plan.scope, premises: plan.premises, gone: plan.lines.length === 0 });
    this.#made.lines += diff.upserts.length;
  }

  async #conflicts({ conflictUpserts, conflictRemovals }: PlanDiff): Promise<void> {
    for (const conflict of conflictUpserts) await this.#spools.conflicts.add({ ...conflictRow(conflict), version: this.#stamp.version });
    for (const id of conflictRemovals) await this.#spools.settled.add({ id });
    this.#made.conflicts += conflictUpserts.length + conflictRemovals.length;
  }

  async end(): Promise<void> {
    for (const [name, key] of this.#removals) {
      await this.#spools.removals.add(key);
      if (!this.#arrived.has(name)) await this.#spools.lake.add({ ...key, [DELETED]: true });
    }
    this.#made.removals = this.#removals.size;
    for (const spool of Object.values(this.#spools)) await spool.flush();
  }
}

function keyOf({ product, region, period, measure }: LineKey): string {
  return `${product}|${region}|${period}|${measure}`;
}
