import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { getContainerRuntimeClient } from 'testcontainers';

/** How a server for tests can be had; `reason` says what is missing where it can't. */
export interface Availability {
  kind: 'docker' | 'native' | 'unavailable';
  reason?: string;
}

/** Whether a container engine answers. Takes milliseconds without one. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}

/** Whether a program on the PATH runs with these arguments. */
export async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(program, args, { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
