import type { TraceStep } from '#contracts/http/trace';

export interface Lane {
  step: TraceStep;
  title: string;
  detail: string;
  /** Share of the width, 0 to 1: from the step before to this one. */
  from: number;
  to: number;
  /** `+12 ms`, `+3.4 s`, `+2 min` */
  time: string;
}

/**
 * Steps as lanes of a waterfall. Machines take milliseconds and people minutes, so the scale is logarithmic: each tenfold takes
 * the same width.
 */
export function waterfall(steps: readonly TraceStep[]): Lane[] {
  const longest = Math.max(1, ...steps.map(({ elapsedMs }) => elapsedMs));
  const at = (elapsedMs: number): number => Math.log1p(Math.max(0, elapsedMs)) / Math.log1p(longest);
  return steps.map((step, index) => ({
    step,
    title: titleOf(step),
    detail: [step.agent ? `${step.agent} for ${step.actor}` : step.actor, step.table].join(' · '),
    from: at(steps[index - 1]?.elapsedMs ?? 0),
    to: at(step.elapsedMs),
    time: elapsed(step.elapsedMs),
  }));
}

function titleOf({ kind, action, operation }: TraceStep): string {
  if (kind === 'publish') return 'Published';
  if (kind === 'receive') return 'Received';
  const word = action ?? operation ?? 'write';
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function elapsed(ms: number): string {
  if (ms < 1) return `+${ms.toFixed(1)} ms`;
  if (ms < 1000) return `+${Math.round(ms)} ms`;
  if (ms < 60_000) return `+${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `+${Math.round(ms / 60_000)} min`;
  return `+${(ms / 3_600_000).toFixed(1)} h`;
}
