import type { TraceStep } from '#contracts/http/trace';

export interface Lane {
  step: TraceStep;
  title: string;
  detail: string;
  /** Share of the width, 0 to 1: from the step before to this one. */
  from: number;
  to: number;
  /** Since the step before: `+12 ms`, `+3.4 s`, `+2 min`; `start`. */
  took: string;
  /** Since the first step. */
  since: string;
}

/**
 * Steps as lanes of a waterfall: each bar begins where the one before ends and is as long as its step took. Machines take
 * milliseconds and people minutes, so lengths are logarithmic.
 */
export function waterfall(steps: readonly TraceStep[]): Lane[] {
  const took = steps.map((step, index) => Math.max(0, step.elapsedMs - (steps[index - 1]?.elapsedMs ?? step.elapsedMs)));
  const lengths = took.map((ms) => Math.log1p(ms * 10));
  const whole = lengths.reduce((sum, length) => sum + length, 0) || 1;
  let end = 0;
  return steps.map((step, index) => {
    const from = end;
    end += (lengths[index] ?? 0) / whole;
    const detail = [step.agent ? `${step.agent} for ${step.actor}` : step.actor, step.table].join(' · ');
    return {
      step,
      title: titleOf(step),
      detail,
      from,
      to: end,
      took: index === 0 ? 'start' : `+${duration(took[index] ?? 0)}`,
      since: duration(step.elapsedMs),
    };
  });
}

function titleOf({ kind, action, operation }: TraceStep): string {
  if (kind === 'publish') return 'Published';
  if (kind === 'receive') return 'Received';
  if (action === 'move') return 'Case moved on';
  const word = action ?? operation ?? 'write';
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
