import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HEADER, PARKED } from '#contracts/topics/headers';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { createLogger } from '#libs/runtime/logger';
import { cliSettings } from '../cli-config.ts';
import { runCommand } from '../commands.ts';

let directory: string;
let log: SqliteChangeLog;
let printed: string[];
/** What capture was asked, and how many rows it says that it found. */
let asked: unknown[];
let rows: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-cli-'));
  log = await SqliteChangeLog.open({ directory, logger: createLogger({ service: 'test', level: 'silent' }) });
  await log.ensureTopic('lakeloop.__dlq', { partitions: 1, cleanup: 'delete', retentionMs: null });
  [printed, asked, rows] = [[], [], 1];
});
afterEach(async () => {
  await log.close();
  await rm(directory, { recursive: true, force: true });
});

async function park(id: string, key: string | null): Promise<void> {
  const producer = await log.openProducer('capture');
  const headers = { [HEADER.id]: id, [PARKED.reason]: 'row-too-large', [PARKED.table]: 'public.t', [PARKED.topic]: 'lakeloop.public.t', [PARKED.message]: 'm' };
  await producer.append([{ topic: 'lakeloop.__dlq', key: key === null ? null : Buffer.from(key), value: null, headers: { ...headers, [PARKED.bytes]: '99' } }]);
  await producer.close();
}

function run(...args: string[]): Promise<void> {
  printed = [];
  return runCommand(
    {
      config: cliSettings.parse({ CDC_ADMIN_TOKEN: 'a token of capture' }),
      changeLog: async () => log,
      print: (line) => printed.push(line),
      fetch: async (url, init) => {
        asked.push([(url as URL).href, init?.method, init?.body === undefined ? null : JSON.parse(init.body as string)]);
        const snapshot = { id: 's', state: init?.method === 'POST' ? 'queued' : 'completed', rows, error: null };
        return Response.json(init?.method === 'POST' ? snapshot : { snapshots: [snapshot] });
      },
      signal: new AbortController().signal,
    },
    args,
  );
}

describe('lakeloop dlq', () => {
  it('lists what is parked, one letter for a change that was parked twice', async () => {
    await park('1:1:0000000000000001:0', '{"id":5}');
    await park('1:1:0000000000000001:0', '{"id":5}');
    await run('dlq', 'ls');
    expect(printed).toEqual([expect.stringMatching(/1:1:0000000000000001:0 {2}public\.t {2}\{"id":5\} {2}row-too-large {2}99 bytes$/), '1 parked']);
  });

  it('has the row read again beside the stream, and lists it no more', async () => {
    await park('1:1:0000000000000001:0', `{"id":5,"name":"O'Neil"}`);
    await park('1:1:0000000000000001:1', '{"id":6}');
    await run('dlq', 'redrive', '1:1:0000000000000001:0');
    expect(asked[0]).toEqual(['http://localhost:8081/v1/snapshots', 'POST', { table: 'public.t', key: `{"id":5,"name":"O'Neil"}` }]);
    expect(printed[0]).toMatch(/published as it is now$/);
    await run('dlq', 'ls');
    expect(printed).toEqual([expect.stringContaining(':1  public.t  {"id":6}'), '1 parked']);
    rows = 0;
    await run('dlq', 'redrive', '--all');
    expect(printed[0]).toMatch(/the row is gone$/);
    await run('dlq', 'ls');
    expect(printed).toEqual(['nothing is parked']);
  });

  it('refuses an id that there is no letter of, and a row whose key is not known', async () => {
    await expect(run('dlq', 'redrive', 'x')).rejects.toThrow('no letter has the id x');
    await expect(run('dlq', 'redrive')).rejects.toThrow('--all');
    await park('1:1:0000000000000001:0', null);
    await expect(run('dlq', 'redrive', '--all')).rejects.toThrow('ask for a snapshot');
    await expect(run('dlq', 'burn')).rejects.toThrow(/there is no command "dlq burn"\nUsage/);
  });
});

describe('lakeloop topics', () => {
  it('lists topics, and shows the records of one', async () => {
    await park('1:1:0000000000000001:0', '{"id":5}');
    await run('topics', 'ls');
    expect(printed).toEqual(['lakeloop.__dlq  0: 0…1']);
    await run('topics', 'tail', 'lakeloop.__dlq', '--from-beginning', '--limit', '1');
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ partition: 0, offset: '0', key: '{"id":5}', value: null });
  });
});
