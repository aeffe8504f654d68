import { compare } from './rounds.ts';
import { query, type ServerUnderTest, withStand } from './stand.ts';

/**
 * The newest 25 rows of a table with a long history against one of the same rows with none: reads of the present do not touch the audit. Then reads that do: pages of a table's history at its end and in its
 * middle, of a table that hardly ever changes, of one row; the table as of a moment before the last hundred changes. And what an entry takes on disk.
 *
 * `npm run bench -- history-page [entries] [seconds a round]`
 */
const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const SECONDS = Number(process.argv[3] ?? 3);
const ROWS = 100_000;
/** Entries of updates, one by one; what is asked for beyond them is of inserts, in batches. */
const ONE_BY_ONE = Math.min(ENTRIES, 1_000_000);
const SEGMENTS = 8;

const COLUMNS = 'account, amount, currency, booked_at';
const insert = (table: string, rows: number): string =>
  `insert into app.${table} (${COLUMNS}) select 'DE' || i, i, 'EUR', now() from generate_series(1, ${rows}) i`;

await withStand(async ({ postgres, governed, authorization }) => {
  const ask = <R extends object>(text: string): Promise<R[]> => query<R & Record<string, unknown>>(postgres.url, text);
  await ask(
    `create table app.fresh (like app.governed including all); create table app.rare (like app.governed including all); grant select, update on app.fresh, app.rare to analyst;
     select lakeloop.adopt('app.rare'); ${insert('rare', 10)}; ${insert('fresh', ROWS + Math.max(0, ENTRIES - ONE_BY_ONE))}; select lakeloop.adopt('app.fresh'); ${insert('governed', ROWS)}`,
  );
  for (let written = ROWS; written < ONE_BY_ONE; written += ROWS) await ask('update app.governed set amount = amount + 1');
  for (let part = 0; part < SEGMENTS; part += 1) {
    if (ENTRIES > ONE_BY_ONE) await ask(insert('governed', Math.floor((ENTRIES - ONE_BY_ONE) / SEGMENTS)));
    await closeSegment(ask);
  }
  await ask('update app.governed set amount = amount + 1 where id <= 5000');
  await ask('vacuum analyze');
  // Where the entries are is noted while they come.
  const behind = 'select count(*)::int as rows from audit.logged l where l.id > (select e.last_id from audit.blocks_end e)';
  for (let rows = Infinity; rows >= 8_192;) rows = (await ask<{ rows: number }>(behind))[0]?.rows ?? 0;
  const [counts] = await ask<{ entries: string; segments: string; middle: string }>(
    `select (select count(*) from audit.entry) as entries, (select count(*) from audit.segment) as segments, (select last_id / 2 from audit.blocks_end) as middle`,
  );
  for (let known = false; !known;) known = (await fetch(`${governed.url}/rest/v1/fresh?limit=1`, { headers: { authorization } })).ok;
  const page = (table: string): { name: string; url: string; pid: number; call: () => { method: 'GET'; path: string; headers: Record<string, string> } } => ({
    name: table,
    ...governed,
    call: () => ({ method: 'GET', path: `/rest/v1/${table}?order=id.desc&limit=25`, headers: { authorization } }),
  });
  const title = `the newest 25 rows: no history, and ${counts?.entries} entries in ${counts?.segments} closed segments (goal: as fast)`;
  await compare(postgres.pid, { title, seconds: SECONDS, rounds: 3, targets: [page('fresh'), page('governed')] });
  await once('history of one row', governed, '/v1/history/governed?key=500&limit=50', authorization);
  await once('history of the table', governed, '/v1/history/governed?limit=50', authorization);
  await once('history of the table, from its middle', governed, `/v1/history/governed?limit=50&before=${counts?.middle}`, authorization);
  await once('history of a table of 10 changes, the oldest of all', governed, '/v1/history/rare?limit=50', authorization);
  const [moment] = await ask<{ id: string }>('select coalesce(lakeloop.take_checkpoint(), (select max(id) from audit.checkpoint)) as id');
  await ask('update app.governed set amount = 0 where id <= 100');
  await once('25 rows as of 100 changes ago', governed, `/rest/v1/governed?order=id&limit=25&asOf=${moment?.id}`, authorization);
  const [before] = await ask<{ id: string }>('select min(id) as id from audit.checkpoint');
  await once('the table of 10 changes as of the first checkpoint', governed, `/rest/v1/rare?order=id&limit=25&asOf=${before?.id}`, authorization);
  console.log(`an entry one by one: ${await bytesOf(ask, 'log')}`);
  console.log(`an entry in batches: ${await bytesOf(ask, 'batch')}`);
});

/** As the service does it: where somebody has the log open, vacuum among them, it is tried again. */
async function closeSegment(ask: (text: string) => Promise<object[]>): Promise<void> {
  const closed = async (): Promise<boolean> => {
    try {
      await ask('select lakeloop.close_segment(1)');
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === '55P03') return false;
      throw error;
    }
  };
  while (!(await closed()));
}

/** What the tables of one kind take for each entry, with their indexes. */
async function bytesOf(ask: (text: string) => Promise<object[]>, table: 'log' | 'batch'): Promise<string> {
  const [size] = (await ask(`
    select sum(pg_total_relation_size(c.oid))::float8 as total, sum(pg_indexes_size(c.oid))::float8 as indexes,
      (select sum(coalesce(cardinality(l.key_hashes), 1))::float8 from audit.logged l where l.key_hashes is ${table === 'batch' ? 'not null' : 'null'}) as entries
    from pg_class c where c.relkind = 'r' and c.relnamespace = 'audit'::regnamespace and c.relname ~ '^${table}(_\\d+)?$'`)) as {
    total: number;
    indexes: number;
    entries: number | null;
  }[];
  if (!size?.entries) return 'none';
  return `${(size.total / size.entries).toFixed(0)} bytes, ${(size.indexes / size.entries).toFixed(0)} of them indexes (${size.entries} entries)`;
}

/** Milliseconds of the best of five. */
async function once(name: string, { url }: ServerUnderTest, path: string, authorization: string): Promise<void> {
  let best = Infinity;
  for (let turn = 0; turn < 5; turn += 1) {
    const started = performance.now();
    const reply = await fetch(`${url}${path}`, { headers: { authorization } });
    await reply.text();
    if (!reply.ok) throw new Error(`${reply.status} for ${path}`);
    best = Math.min(best, performance.now() - started);
  }
  console.log(`${name}: ${best.toFixed(1)} ms`);
}
