import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLogger } from '#libs/runtime/logger';
import { rowsOf } from '../conformance/rows.conformance.ts';
import { openDeltaLakehouse } from './delta-lakehouse.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-full-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('a disk that takes no more', () => {
  it('makes a write fail as what it is, leaves no trace of it, and the table goes on', async () => {
    const lake = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) });
    const table = { schema: 'crash', name: 't' };
    await lake.ensureTable(table, {
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'part', type: 'string' },
      ],
    });
    // Files may not grow beyond a megabyte: each write past that fails amid the file, as on a full disk.
    const limited = `trap '' XFSZ; ulimit -f 1024; exec ${process.execPath} --disable-warning=ExperimentalWarning libs/lakehouse/delta/outside/crash-child.ts ${root} full ${root}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited]);
    expect(stdout.trim().split('\n')).toEqual(['rows 1000 written', 'rows 2000000 storage-full', 'rows 2000 written', 'ndjson storage-full']);
    const relation = await lake.relation(table);
    expect(await rowsOf(await lake.query({ sql: `select id from ${relation.sql} r order by id` }))).toEqual([[1000], [2000]]);
    await relation.release();
    expect((await readdir(join(root, 'crash', 't'))).filter((name) => name !== '_delta_log')).toHaveLength(2);
    await lake.close();
  });
});
