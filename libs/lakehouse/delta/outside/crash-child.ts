/**
 * Writes to one table until it is killed: `crash-child.ts <root> <failpoint> <n>` dies (SIGKILL) at the n-th hit of the failpoint, `crash-child.ts <root>
 * writers <id> <count>` appends that many rows of its own, `crash-child.ts <root> full <directory>` writes more than a limit of its file sizes lets it. Prints each id once its write is acknowledged.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Failure } from '#libs/failure/failure';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import { openDeltaLakehouse } from '../delta-lakehouse.ts';

const [root = '', mode = '', which = '', count = '0'] = process.argv.slice(2);
const table = { schema: 'crash', name: 't' };
const lake = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }), memoryLimit: '256MB', threads: 1 });
const failureKind = (error: unknown): string => (error instanceof Failure ? error.kind : String(error));
const acknowledge = (what: string): unknown => writeSync(1, `${what}\n`);

if (mode === 'full') {
  // Text that does not compress, more of it than this process may write to one file.
  const rows = (bytes: number) => [{ id: bytes, part: randomBytes(bytes).toString('base64') }];
  const paths = ['a', 'b'].map((name) => `${which}/${name}.ndjson`);
  for (const bytes of [1_000, 2_000_000, 2_000]) {
    const outcome = await lake.append(table, { rows: rows(bytes) }).then(() => 'written', failureKind);
    acknowledge(`rows ${bytes} ${outcome}`);
  }
  for (const path of paths) await writeFile(path, [1, 2].map((id) => `${JSON.stringify({ id, part: randomBytes(360_000).toString('base64') })}\n`).join(''));
  acknowledge(`ndjson ${await lake.append(table, { ndjson: paths }).then(() => 'written', failureKind)}`);
  await lake.close();
} else if (mode === 'writers') {
  for (let n = 0; n < Number(count); n += 1) {
    const id = Number(which) * 1_000 + n;
    await lake.append(table, { rows: [{ id, part: 'w' }] }, { txn: { appId: `writer-${which}`, version: BigInt(n) } });
    acknowledge(String(id));
  }
  await lake.close();
} else {
  let left = Number(which);
  arm(mode, () => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  });
  const first = Number(count);
  for (let id = first; ; id += 1) {
    await lake.append(table, { rows: [{ id, part: String(id % 3) }] }, { txn: { appId: 'crash', version: BigInt(id) } });
    acknowledge(`append ${id}`);
    if (id % 4 === 3) await lake.compact(table);
    if (id % 5 === 4) await lake.merge(table, { rows: [{ id: id - 1, part: 'merged' }] }, { key: ['id'] });
    if (id % 7 === 6) await lake.vacuum(table, { retentionHours: 0 });
  }
}
