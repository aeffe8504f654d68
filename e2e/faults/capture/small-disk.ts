import { spawnSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(256 * 1024);

/** A disk of a known size in memory, mounted where a server has its data. Needs the right to mount. */
export class SmallDisk {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** On a directory that exists and is empty. Throws where mounting is not allowed. */
  static mount(directory: string, megabytes: number): SmallDisk {
    run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]);
    return new SmallDisk(directory);
  }

  /** Takes all the room but this much. */
  async fill(leaveBytes: number): Promise<void> {
    const file = await open(this.#filler, 'w');
    let size = 0;
    try {
      for (;;) size += (await file.write(CHUNK)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await file.truncate(Math.max(0, size - leaveBytes));
    } finally {
      await file.close();
    }
  }

  /** Gives the room back. */
  async clear(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  unmount(): void {
    run('umount', ['-l', this.directory]);
  }

  get #filler(): string {
    return join(this.directory, 'filler');
  }
}

/** Whether this machine lets us. */
export function mayMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
