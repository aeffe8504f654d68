/**
 * `npm run bench -- planning-model`: the planning flow's model alone, without Postgres and Delta. For 10^4, 10^5 and 10^6 adjustments over 10,000 scopes: a full
 * run, a run of 1 % of the scopes, and comparing a scope's plan with the published one. Each size in a process of its own, so that peak memory is that size's.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { diffPlans } from '../src/flows/planning/model/diff-plans.ts';
import type { ScopeRows } from '../src/flows/planning/model/inputs.ts';
import type { ScopePlan } from '../src/flows/planning/model/plan.ts';
import { reconcileAll } from '../src/flows/planning/model/reconcile-all.ts';
import { compileReference } from '../src/flows/planning/model/reference.ts';
import { splitScopes } from '../src/flows/planning/model/split-scopes.ts';
import { referenceRows, scopeRows, SCOPES } from './planning-world.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const REPEATS = 5;

interface Figures {
  adjustments: number;
  lines: number;
  loadedMb: number;
  peakMb: number;
  fullMs: number;
  /** Of the whole process, garbage collection included: what it takes whatever else the machine does. */
  fullCpuMs: number;
  partMs: number;
  diffMs: number;
}

const median = (samples: number[]): number => samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)] as number;
const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** A run as a service does it: reference, all scopes one after the other, each dropped once it is written. */
function timedRun(rows: ScopeRows, each: (plan: ScopePlan) => void): number {
  const began = performance.now();
  const reference = compileReference(referenceRows());
  for (const plan of reconcileAll({ reference, rows, frozenPeriods: new Set(), published: () => null })) each(plan);
  return performance.now() - began;
}

function measure(adjustments: number): Figures {
  const rows = scopeRows(adjustments);
  const loadedMb = megabytes(process.memoryUsage.rss());
  let lines = 0;
  const repeats = adjustments > 100_000 ? 3 : REPEATS;
  const cpu = process.cpuUsage();
  const full = Array.from({ length: repeats }, () => {
    lines = 0;
    return timedRun(rows, (plan) => (lines += plan.lines.length));
  });
  const used = process.cpuUsage(cpu);
  const fullCpuMs = (used.user + used.system) / 1000 / repeats;
  const peakMb = megabytes(process.resourceUsage().maxRSS * 1024);
  const touched = splitScopes(compileReference(referenceRows()), rows)
    .filter((_, index) => index % 100 === 0)
    .map(([, own]) => own);
  const part: ScopeRows = {
    baseline: touched.flatMap(({ baseline }) => baseline),
    adjustments: touched.flatMap((own) => own.adjustments),
    capacities: touched.flatMap(({ capacities }) => capacities),
    overrides: [],
    choices: [],
  };
  const plans: ScopePlan[] = [];
  timedRun(part, (plan) => plans.push(plan));
  const partial = Array.from({ length: 2 * REPEATS + 1 }, () => timedRun(part, () => {}));
  const began = performance.now();
  for (const plan of plans) diffPlans(plan, plan);
  return { adjustments, lines, loadedMb, peakMb, fullMs: median(full), fullCpuMs, partMs: median(partial), diffMs: (performance.now() - began) / plans.length };
}

const format = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

function print({ adjustments, lines, loadedMb, peakMb, fullMs, fullCpuMs, partMs, diffMs }: Figures, before: Figures | undefined): void {
  const perSecond = (rows: number, ms: number): string => format(Math.round((rows / ms) * 1000));
  console.log(`\n${format(adjustments)} adjustments over ${format(SCOPES)} scopes`);
  const growth = before === undefined ? '' : `, ${(fullMs / before.fullMs).toFixed(1)} × the size before`;
  console.log(
    `  full run           ${format(fullMs)} ms: ${perSecond(adjustments, fullMs)} adjustments/s, ${perSecond(lines, fullMs)} lines/s${growth}; ${format(fullCpuMs)} ms of CPU`,
  );
  console.log(`  run of 1 % scopes  ${format(partMs)} ms: ${(fullMs / partMs).toFixed(0)} × faster than the full run`);
  console.log(`  memory             ${format(loadedMb)} MB with all rows read, ${format(peakMb)} MB at the peak of the full run`);
  console.log(`  diff of a scope    ${diffMs.toFixed(3)} ms`);
}

if (process.send) {
  process.send(measure(Number(process.argv[2])));
} else {
  let before: Figures | undefined;
  for (const size of SIZES) {
    const child = fork(import.meta.filename, [String(size)]);
    const [figures] = (await once(child, 'message')) as [Figures];
    child.disconnect();
    print(figures, before);
    before = figures;
  }
}
