import pg from 'pg';
import { compare } from './rounds.ts';
import { CONNECTIONS, query, ROW, withStand } from './stand.ts';

/**
 * Reads and bulk inserts of the service against bare ones, on the stand of ./governed-insert.ts:
 * one row by key and the newest 25 rows against a Fastify endpoint with a named prepared statement; batches of 1,000 rows with history on against raw SQL
 * (a prepared `insert … select unnest(…)` from the client's own pool, no HTTP) and against a bare endpoint that does the same.
 *
 * `npm run bench -- rows [seconds a round]`
 */
const SECONDS = Number(process.argv[2] ?? 4);
const ROWS = 100_000;
const BATCH = 1_000;
const BULK = `insert into app.bare (account, amount, currency, booked_at, note)
  select * from unnest($1::text[], $2::numeric[], $3::text[], $4::timestamptz[], $5::text[])`;

await withStand(async ({ postgres, bare, governed, authorization }) => {
  for (const table of ['bare', 'governed'])
    await query(
      postgres.url,
      `insert into app.${table} (account, amount, currency, booked_at, note)
       select 'DE' || lpad(i::text, 20, '0'), i / 100.0, 'EUR', timestamptz '2026-01-01 00:00:00Z' + i * interval '1 minute', 'monthly fee, second half' from generate_series(1, ${ROWS}) i`,
    );
  await query(postgres.url, 'vacuum analyze app.bare, app.governed');
  const headers = { authorization };
  const anyKey = (): number => 1 + Math.floor(Math.random() * ROWS);
  await compare(postgres.pid, {
    title: 'one row by key (goal ≥ 70 %)',
    seconds: SECONDS,
    targets: [
      { name: 'bare', ...bare, call: () => ({ method: 'GET', path: `/rows/${anyKey()}`, headers: {} }) },
      { name: 'governed', ...governed, call: () => ({ method: 'GET', path: `/rest/v1/governed?id=eq.${anyKey()}`, headers }) },
    ],
  });
  await compare(postgres.pid, {
    title: 'the newest 25 rows (goal ≥ 70 %)',
    seconds: SECONDS,
    targets: [
      { name: 'bare', ...bare, call: () => ({ method: 'GET', path: '/rows', headers: {} }) },
      { name: 'governed', ...governed, call: () => ({ method: 'GET', path: '/rest/v1/governed?order=id.desc&limit=25', headers }) },
    ],
  });
  const rows = Array.from({ length: BATCH }, () => ROW);
  const body = JSON.stringify(rows);
  const json = { 'content-type': 'application/json' };
  const columns = ['account', 'amount', 'currency', 'booked_at', 'note'] as const;
  const values = columns.map((column) => rows.map((row) => row[column]));
  const pool = new pg.Pool({ connectionString: postgres.url, max: CONNECTIONS });
  let key = 0;
  await compare(postgres.pid, {
    title: 'insert of 1,000 rows (goal ≥ 40 % of raw SQL)',
    seconds: SECONDS,
    unitsPerRequest: BATCH,
    unit: 'row',
    targets: [
      { name: 'raw SQL', pid: 0, work: async () => void (await pool.query({ name: 'bulk', text: BULK, values })) },
      { name: 'bare', ...bare, call: () => ({ method: 'POST', path: '/rows/bulk', headers: json, body }) },
      {
        name: 'governed',
        ...governed,
        call: () => ({ method: 'POST', path: '/rest/v1/governed', headers: { ...json, authorization, 'idempotency-key': `bulk-${(key += 1)}` }, body }),
      },
    ],
  });
  await pool.end();
  const [counts] = await query<{ rows: string; entries: string }>(
    postgres.url,
    'select (select count(*) from app.governed) as rows, (select count(*) from audit.entry) as entries',
  );
  console.log(`checked  ${counts?.rows} rows, ${counts?.entries} audit entries`);
});
