import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds used so far by a process; by every process of its group when `group`. Linux only: 0 elsewhere. */
export function cpuSeconds(pid: number, group = false): number {
  if (process.platform !== 'linux') return 0;
  const pids = group ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [String(pid)];
  return pids.reduce((sum, name) => sum + secondsOf(name, group ? pid : undefined), 0);
}

/** Children that ended count through `cutime` and `cstime` of their parent. */
function secondsOf(pid: string, group: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    if (group !== undefined && Number(fields[1]) !== group && Number(pid) !== group) return 0;
    const [utime, stime] = [Number(fields[11]), Number(fields[12])];
    return (utime + stime) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
