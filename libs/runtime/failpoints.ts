/**
 * Named places where a test may make the process die, fail or wait. In production nothing is registered and `hit` is
 * one map look-up on an empty map.
 *
 * A process started with `LAKELOOP_FAILPOINTS=name=kill,other=error` arms them at boot (libs/testing does; main.ts of a service calls `armFailpoints`).
 */
export type FailpointAction = () => void | Promise<void>;

const armed = new Map<string, FailpointAction>();

/** Runs the action registered for `name`, if any. */
export async function hit(name: string): Promise<void> {
  if (armed.size === 0) return;
  await armed.get(name)?.();
}

/** Registers an action; returns what removes it. */
export function arm(name: string, action: FailpointAction): () => void {
  armed.set(name, action);
  return () => void armed.delete(name);
}

/** Arms from text such as `cdc.before-publish=kill,cdc.after-publish=error`. `kill` is SIGKILL to this process, `kill:5` at the fifth hit. */
export function armFailpoints(text: string): void {
  for (const entry of text.split(',').filter((item) => item !== '')) {
    const [name = '', action = ''] = entry.split('=');
    const kill = /^kill(?::(\d+))?$/.exec(action);
    if (kill) arm(name, killAt(Number(kill[1] ?? 1)));
    else if (action === 'error') arm(name, () => Promise.reject(new Error(`failpoint ${name}`)));
    else throw new TypeError(`failpoint ${name}: unknown action; use kill or error`);
  }
}

function killAt(nth: number): FailpointAction {
  let hits = 0;
  return () => {
    hits += 1;
    if (hits === nth) process.kill(process.pid, 'SIGKILL');
  };
}
