import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import type { PipelineStep } from './exchange.ts';
import { GroupCommit, type GroupedTransaction } from './group-commit.ts';
import { createPool } from './pool.ts';

describe('a group commit', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let commits: GroupCommit;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.client.query(`create table t (id int primary key, pid int default pg_backend_pid(), xid xid8 default pg_current_xact_id(),
      wal text default current_setting('synchronous_commit'), at pg_lsn default pg_current_wal_insert_lsn())`);
  });
  beforeEach(async () => {
    await database.client.query('truncate t');
    pool = createPool({ connectionString: database.url, name: 'test', max: 4 });
    commits = new GroupCommit(pool, 1);
  });
  afterAll(() => database.drop());
  const ended = (): Promise<void> => pool.end();

  const ADD = 'insert into t (id) values ($1::int) returning id';
  const inGroup = (wal: 'off' | null): PipelineStep => ({
    name: 'in-group',
    text: `select set_config('synchronous_commit', coalesce($1, current_setting('synchronous_commit')), true), set_config('lock_timeout', '10ms', true)`,
    values: [wal],
  });
  const adds = (id: number | string): GroupedTransaction => {
    const add = { name: 'add', text: ADD, values: [String(id)] };
    return { alone: [add], grouped: (wal) => [inGroup(wal), add] };
  };
  const run = (id: number | string): Promise<unknown> => commits.run('add', adds(id)).then((rows) => rows.at(-1));
  /** The first goes alone, at once; the rest wait for it, and go together. */
  const together = (...ids: (number | string)[]): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled([0, ...ids].map(run)).then(([, ...rest]) => rest);
  const rows = async (): Promise<{ id: number; pid: number; xid: string; wal: string }[]> =>
    (await database.client.query('select * from t where id > 0 order by xid')).rows as never;

  it('sends what waits over one session, each a transaction of its own, and lets the last one alone wait for the disk', async () => {
    expect(await together(1, 2, 3)).toEqual([['1'], ['2'], ['3']].map(([id]) => ({ status: 'fulfilled', value: [[id]] })));
    const found = await rows();
    expect(found.map(({ id, wal }) => [id, wal])).toEqual([
      [1, 'off'],
      [2, 'off'],
      [3, 'on'],
    ]);
    expect(new Set(found.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(found.map(({ xid }) => xid)).size).toBe(3);
    expect((await pool.query<{ wal: string }>(`select current_setting('synchronous_commit') as wal`)).rows[0]?.wal).toBe('on');
    await ended();
  });

  it('groups nothing where nothing waits', async () => {
    for (const id of [1, 2, 3]) expect(await run(id)).toEqual([[String(id)]]);
    expect((await rows()).map(({ wal }) => wal)).toEqual(['on', 'on', 'on']);
    await ended();
  });

  it('takes none of the others with one that fails, and tells that one its own error', async () => {
    const [first, taken, odd, last] = await together(1, 1, 'x', 2);
    expect([first?.status, last?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect([taken, odd]).toMatchObject([{ reason: { code: '23505' } }, { reason: { code: '22P02' } }]);
    expect((await rows()).map(({ id }) => id)).toEqual([1, 2]);
    await ended();
  });

  it('runs reads that begin alike behind one beginning, and gives each its own rows', async () => {
    const reads = (id: number, alike: string): GroupedTransaction => {
      const steps = [
        { name: 'begin', text: `select set_config('lakeloop.who', $1, true)`, values: [alike] },
        { name: 'read', text: `select current_setting('lakeloop.who'), now(), 12 / (5 - $1::int)`, values: [String(id)] },
      ];
      return { alone: steps, grouped: () => steps, readOnly: true, alike };
    };
    const read = (id: number, alike: string): Promise<(string | null)[]> => commits.run('read', reads(id, alike)).then((rows) => [...(rows.at(-1)?.[0] ?? [])]);
    const [, a1, b2, a3, b4, b5, a6] = await Promise.allSettled([
      read(0, 'a'),
      read(1, 'a'),
      read(2, 'b'),
      read(3, 'a'),
      read(4, 'b'),
      read(5, 'b'),
      read(6, 'a'),
    ]);
    const rowOf = (settled: PromiseSettledResult<(string | null)[]> | undefined): (string | null)[] | undefined =>
      settled?.status === 'fulfilled' ? settled.value : undefined;
    expect([a1, b2, a3, b4, a6].map((each) => rowOf(each)?.toSpliced(1, 1))).toEqual([
      ['a', '3'],
      ['b', '4'],
      ['a', '6'],
      ['b', '12'],
      ['a', '-12'],
    ]);
    expect(b5).toMatchObject({ reason: { code: '22012' } });
    expect(new Set([a1, a3, a6].map((each) => rowOf(each)?.[1])).size).toBe(1);
    await ended();
  });

  it('brings the others to the disk when the last one fails', async () => {
    const [first, last] = await together(1, 1);
    expect([first?.status, last?.status]).toEqual(['fulfilled', 'rejected']);
    const { rows: unflushed } = await database.client.query('select id from t where at >= pg_current_wal_flush_lsn()');
    expect(unflushed).toEqual([]);
    await ended();
  });

  it('tries again alone what waits for a lock, and lets the others go on', async () => {
    const other = createPool({ connectionString: database.url, name: 'other', max: 1 });
    const holder = await other.connect();
    await holder.query('begin; insert into t (id) values (1)');
    const [, waits, goes] = [run(0), run(1), run(2)];
    expect(await goes).toEqual([['2']]);
    await holder.query('rollback');
    expect(await waits).toEqual([['1']]);
    holder.release();
    await Promise.all([other.end(), ended()]);
  });

  it('lets others pass one that waits by itself', async () => {
    const other = createPool({ connectionString: database.url, name: 'other', max: 1 });
    const holder = await other.connect();
    await holder.query('begin; insert into t (id) values (1)');
    const waits = run(1);
    expect(await run(2)).toEqual([['2']]);
    await holder.query('rollback');
    expect(await waits).toEqual([['1']]);
    holder.release();
    await Promise.all([other.end(), ended()]);
  });

  it('fails all of a group whose session the server ends, and goes on over another', async () => {
    const kill: GroupedTransaction = {
      alone: [{ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] }],
      grouped: () => [{ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] }],
    };
    const results = await Promise.allSettled([run(0), run(1), commits.run('kill', kill), run(2)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(await run(3)).toEqual([['3']]);
    await ended();
  });

  it('tries nothing again whose connection broke: it may be on disk', async () => {
    const sleeps = { text: 'select pg_sleep(0.5)', values: [] };
    const again: PipelineStep[] = [{ text: 'insert into t (id) values (77)', values: [] }];
    const clients: pg.PoolClient[] = [];
    pool.on('acquire', (client) => clients.push(client));
    const results = Promise.allSettled([run(0), run('x'), commits.run('sleep', { alone: again, grouped: () => [sleeps] })]);
    let pid: number | undefined;
    while (pid === undefined) {
      const { rows: asleep } = await database.client.query<{ pid: number }>(
        `select pid from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
      );
      pid = asleep[0]?.pid;
    }
    const busy = (clients as unknown as { processID: number; connection: { stream: Socket } }[]).find(({ processID }) => processID === pid);
    busy?.connection.stream.destroy(Object.assign(new Error('reset by peer'), { code: 'ECONNRESET' }));
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect((await rows()).map(({ id }) => id)).toEqual([]);
    expect(await run(3)).toEqual([['3']]);
    await ended();
  });

  it('prepares anew in a session that has forgotten', async () => {
    await together(1, 2);
    await pool.query('deallocate all');
    expect((await together(3, 4)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await ended();
  });
});
