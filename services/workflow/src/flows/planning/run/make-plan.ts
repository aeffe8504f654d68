import { setImmediate as breathe } from 'node:timers/promises';
import type pg from 'pg';
import { classify } from '#libs/failure/classify';
import { compileReference, type Reference } from '../model/reference.ts';
import { reconcile } from '../model/reconcile.ts';
import type { PublishedScope } from '../model/scope-inputs.ts';
import type { ScopeRows } from '../model/inputs.ts';
import { emptyRows, splitScopes } from '../model/split-scopes.ts';
import { expandTouched, type Touched } from '../model/touched-scopes.ts';
import type { MadePlan } from './made-plan.ts';
import { readPublished, readReference, readScopeRows, readScopes } from './read-inputs.ts';
import { PlanWriter } from './plan-writer.ts';
import type { Spools } from './spool.ts';

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

/** What a scope without lines is once any plan was published: it stays as it is while its period is frozen. */
const EMPTY: PublishedScope = { lines: [], conflicts: [] };
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
  const first = version === 1n;
  const writer = new PlanWriter(spools, made, { version: Number(version), at, first });
  const all = scopes ?? candidates;
  const making = { client, reference, frozen: read.frozen, first, signal, writer, made };
  let next = readBatch(making, all.slice(0, BATCH));
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = await next;
    // Postgres looks for the next rows while these are planned.
    next = readBatch(making, all.slice(from + BATCH, from + 2 * BATCH));
    next.catch(() => undefined);
    await planBatch(making, batch);
  }
  await writer.end();
  return made;
}

interface Making {
  client: pg.ClientBase;
  reference: Reference;
  frozen: ReadonlySet<string>;
  /** No plan was ever published. */
  first: boolean;
  signal: AbortSignal;
  writer: PlanWriter;
  made: MadePlan;
}

interface Batch {
  scopes: readonly string[];
  rows: ScopeRows;
  published: Map<string, PublishedScope>;
}

async function readBatch({ client, made, signal }: Making, scopes: readonly string[]): Promise<Batch> {
  signal.throwIfAborted();
  if (scopes.length === 0) return { scopes, rows: emptyRows(), published: new Map() };
  const rows = await readScopeRows(client, scopes, made.inputs);
  return { scopes, rows, published: await readPublished(client, scopes) };
}

async function planBatch({ reference, frozen, first, signal, writer, made }: Making, { scopes, rows, published }: Batch): Promise<void> {
  let rested = performance.now();
  for (const [scope, own] of splitScopes(reference, rows, scopes)) {
    const before = published.get(scope) ?? (first ? null : EMPTY);
    const period = scope.slice(scope.lastIndexOf('|') + 1);
    try {
      const plan = reconcile({ reference, scope, rows: own, frozen: frozen.has(period), published: before });
      await writer.add(before, plan, published.has(scope));
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
