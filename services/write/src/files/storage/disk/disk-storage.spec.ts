import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { fileStorageConformance } from '../file-storage.conformance.ts';
import { DiskStorage } from './disk-storage.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-disk-files-'));
});
afterAll(() => rm(root, { recursive: true }));

fileStorageConformance('on disk', () => Promise.resolve(new DiskStorage(join(root, 'conformance'))));

describe('files on disk', () => {
  it('are for the service alone', async () => {
    const directory = join(root, 'modes');
    const id = randomUUID();
    await new DiskStorage(directory).write(id, Readable.from(['x']));
    const modes = await Promise.all(
      [directory, join(directory, id.slice(0, 2)), join(directory, id.slice(0, 2), id)].map(async (path) => (await stat(path)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it('never lie outside the directory', async () => {
    const directory = join(root, 'inside');
    const storage = new DiskStorage(directory);
    for (const id of ['../../etc/passwd', 'a/b', '', `${'0'.repeat(34)}/x`]) await expect(storage.open(id)).rejects.toThrow('UUID');
    const id = randomUUID();
    await storage.write(id, Readable.from(['x']));
    const secret = join(root, 'secret');
    await writeFile(secret, 'secret');
    await storage.remove(id);
    await symlink(secret, join(directory, id.slice(0, 2), id));
    await expect(storage.open(id)).rejects.toMatchObject({ kind: 'dependency-unavailable' });
  });

  it('say that the disk is full, and leave nothing of what did not fit', async () => {
    const directory = join(root, 'full');
    // Files may not grow beyond a megabyte: a write past that fails amid the file, as on a full disk.
    const limited = `trap '' XFSZ; ulimit -f 1024; exec ${process.execPath} --disable-warning=ExperimentalWarning services/write/src/files/storage/disk/full-disk.fixture.ts ${directory}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited]);
    expect(stdout.trim().split('\n')).toEqual(['1000 written', '2000000 storage-full', '2000 written']);
    const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files).toHaveLength(2);
  });
});
