import { compare } from './rounds.ts';
import { query, type ServerUnderTest, withStand } from './stand.ts';

/**
 * The newest 25 rows of a table with a long history against one with none: reads of the present do not touch the audit. Then one row's history, and the table as of a
 * moment before the last hundred changes, which do.
 *
 * `npm run bench -- history-page [entries] [seconds a round]`
 */
const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const SECONDS = Number(process.argv[3] ?? 3);
const ROWS = 100_000;

await withStand(async ({ postgres, governed, authorization }) => {
  await query(
    postgres.url,
    `create table app.fresh (like app.governed including all); grant select, update on app.fresh to analyst;
     insert into app.fresh (account, amount, currency, booked_at) select 'DE' || i, i, 'EUR', now() from generate_series(1, ${ROWS}) i;
     insert into app.governed (account, amount, currency, booked_at) select 'DE' || i, i, 'EUR', now() from generate_series(1, ${ROWS}) i;
     select lakeloop.adopt('app.fresh')`,
  );
  // Changes of every row in turn, as the recorder itself writes them.
  for (let written = ROWS; written < ENTRIES; written += ROWS) await query(postgres.url, 'update app.governed set amount = amount + 1');
  await query(postgres.url, 'vacuum analyze app.governed, app.fresh, audit.log');
  const [counts] = await query<{ entries: string }>(postgres.url, 'select count(*) as entries from audit.entry');
  for (let known = false; !known;) known = (await fetch(`${governed.url}/rest/v1/fresh?limit=1`, { headers: { authorization } })).ok;
  const page = (table: string): { name: string; url: string; pid: number; call: () => { method: 'GET'; path: string; headers: Record<string, string> } } => ({
    name: table,
    ...governed,
    call: () => ({ method: 'GET', path: `/rest/v1/${table}?order=id.desc&limit=25`, headers: { authorization } }),
  });
  const title = `the newest 25 rows: no history, and ${counts?.entries} entries (goal: as fast)`;
  await compare(postgres.pid, { title, seconds: SECONDS, rounds: 3, targets: [page('fresh'), page('governed')] });
  await once('history of one row', governed, '/v1/history/governed?key=500&limit=50', authorization);
  const [moment] = await query<{ id: string }>(postgres.url, 'select coalesce(lakeloop.take_checkpoint(), (select max(id) from audit.checkpoint)) as id');
  await query(postgres.url, 'update app.governed set amount = 0 where id <= 100');
  await once('25 rows as of 100 changes ago', governed, `/rest/v1/governed?order=id&limit=25&asOf=${moment?.id}`, authorization);
});

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
