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

/** Arms from text such as `cdc.before-publish=kill,cdc.after-publish=error`. `kill` is SIGKILL to this process. */
export function armFailpoints(text: string): void {
  for (const entry of text.split(',').filter((item) => item !== '')) {
    const [name = '', action = ''] = entry.split('=');
    if (action === 'kill') arm(name, () => process.kill(process.pid, 'SIGKILL') as unknown as void);
    else if (action === 'error') arm(name, () => Promise.reject(new Error(`failpoint ${name}`)));
    else throw new TypeError(`failpoint ${name}: unknown action; use kill or error`);
  }
}
