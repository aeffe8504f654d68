import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Failure } from '#libs/failure/failure';
import { DiskStorage } from './disk-storage.ts';

/** Writes files of several sizes, and tells how each went. */
const storage = new DiskStorage(process.argv[2] ?? '');
for (const size of [1_000, 2_000_000, 2_000]) {
  const outcome = await storage.write(randomUUID(), Readable.from([Buffer.alloc(size)])).then(
    () => 'written',
    (error: unknown) => (error instanceof Failure ? error.kind : String(error)),
  );
  console.log(`${size} ${outcome}`);
}
