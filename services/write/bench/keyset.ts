import { compare } from './rounds.ts';
import { query, withStand } from './stand.ts';

/**
 * A page of 25 rows at depth against the first one, for orders of each kind: the key alone, a time with equal values, and a nullable column against the
 * direction of the key. The pages are walked to by their own links.
 *
 * `npm run bench -- keyset [depth] [seconds a round]`
 */
const DEPTH = Number(process.argv[2] ?? 1_000_000);
const SECONDS = Number(process.argv[3] ?? 3);
const STRIDE = 10_000;

const ORDERS = ['id', 'booked_at.desc', 'note.asc,amount.desc'];

await withStand(async ({ postgres, governed, authorization }) => {
  console.log(`a keyset page at depth ${DEPTH} (goal: within 1.2 × of the first, so ≥ 83 %)`);
  await query(
    postgres.url,
    `alter table app.governed disable trigger all;
     insert into app.governed (account, amount, currency, booked_at, note)
     select 'DE' || lpad(i::text, 20, '0'), (i * 7919::bigint % 1000003) / 100.0, 'EUR', timestamptz '2026-01-01 00:00:00Z' + (i / 40) * interval '1 minute', nullif('fee ' || i % 4, 'fee 3')
     from generate_series(1, ${DEPTH + 100_000}) i;
     alter table app.governed enable trigger all;
     create index on app.governed (booked_at desc, id); create index on app.governed (note, amount desc, id)`,
  );
  await query(postgres.url, 'vacuum analyze app.governed');
  const headers = { authorization };
  for (const order of ORDERS) {
    const first = `/rest/v1/governed?order=${order}&limit=25`;
    const deep = await walk(`${governed.url}/rest/v1/governed?select=id&order=${order}&limit=${STRIDE}`, authorization);
    await compare(postgres.pid, {
      title: `order=${order}`,
      seconds: SECONDS,
      rounds: 3,
      targets: [
        { name: 'first', ...governed, call: () => ({ method: 'GET', path: first, headers: { ...headers, prefer: 'page=keyset' } }) },
        { name: 'deep', ...governed, call: () => ({ method: 'GET', path: `${first}&cursor=${deep}`, headers }) },
      ],
    });
  }
});

/** The cursor behind `DEPTH` rows. */
async function walk(url: string, authorization: string): Promise<string> {
  let cursor = '';
  for (let seen = 0; seen < DEPTH; seen += STRIDE) {
    const reply = await fetch(cursor === '' ? url : `${url}&cursor=${cursor}`, { headers: { authorization, prefer: 'page=keyset' } });
    const rows = (await reply.json()) as unknown[];
    cursor = /cursor=([\w-]+)>/.exec(reply.headers.get('link') ?? '')?.[1] ?? '';
    if (rows.length !== STRIDE || cursor === '') throw new Error(`${reply.status}: ${rows.length} rows after ${seen}`);
  }
  return cursor;
}
