import { readdir, readFile } from 'node:fs/promises';

/** `getconf CLK_TCK`: 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process has used in all its threads; its children are not counted. Linux only. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = await statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that a process has had resident, MB. Linux only. */
export async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** From the state on: after the program's name in parentheses, which may hold spaces. */
async function statFields(pid: number | string): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** How busy the machine is with what is none of this process's children: figures from a machine that others use are about them too. */
export class Strangers {
  readonly #began = performance.now();
  readonly #busy: number;
  readonly #own: number;

  private constructor(busy: number, own: number) {
    this.#busy = busy;
    this.#own = own;
  }

  static async watch(): Promise<Strangers> {
    return new Strangers(await busySeconds(), await ownSeconds());
  }

  /** Cores that strangers kept busy since, on average. */
  async cores(): Promise<number> {
    const used = (await busySeconds()) - this.#busy - ((await ownSeconds()) - this.#own);
    return Math.max(0, used / ((performance.now() - this.#began) / 1000));
  }
}

/** Of all cores since boot; what a hypervisor took counts as busy. */
async function busySeconds(): Promise<number> {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (await readFile('/proc/stat', 'utf8'))
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** Of this process and all below it, ended children included. */
async function ownSeconds(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(pids.map(async (pid) => ({ pid, fields: await statFields(pid).catch(() => undefined) })));
  const parents = new Map(processes.flatMap(({ pid, fields }) => (fields ? [[pid, fields[1] ?? '0'] as const] : [])));
  const isOurs = (pid: string): boolean => {
    for (let at: string | undefined = pid; at !== undefined && at !== '0'; at = parents.get(at)) if (at === String(process.pid)) return true;
    return false;
  };
  const ticks = processes.map(({ pid, fields }) => (fields && isOurs(pid) ? fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) : 0));
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}
