import { compare } from './rounds.ts';
import { query, ROW, withStand } from './stand.ts';

/**
 * Governed insert against a bare one. Bare: Fastify with schema validation, named prepared insert, pg pool over TCP. Governed: the real
 * service with a signed token, role, context message, audit trigger and an idempotency key on every request. Same client, same 16
 * connections, same server (fsync on), each service in a process of its own; alternating rounds, median of five.
 *
 * `npm run bench -- inserts [seconds a round]`
 */
const SECONDS = Number(process.argv[2] ?? 5);

await withStand(async ({ postgres, bare, governed, authorization }) => {
  const body = JSON.stringify(ROW);
  const json = { 'content-type': 'application/json' };
  let key = 0;
  await compare(postgres.pid, {
    title: 'insert of one row (goal ≥ 55 %)',
    seconds: SECONDS,
    targets: [
      { name: 'bare', ...bare, call: () => ({ method: 'POST', path: '/rows', headers: json, body }) },
      {
        name: 'governed',
        ...governed,
        call: () => ({ method: 'POST', path: '/rest/v1/governed', headers: { ...json, authorization, 'idempotency-key': `bench-${(key += 1)}` }, body }),
      },
    ],
  });
  // Every acknowledged request left a row, an audit entry and a key: otherwise the figure means nothing.
  const [counts] = await query<{ rows: string; entries: string; keys: string }>(
    postgres.url,
    "select (select count(*) from app.governed) as rows, (select count(*) from audit.entry where actor = 'bench') as entries, (select count(key_id) from audit.request) as keys",
  );
  console.log(`checked  ${counts?.rows} rows, ${counts?.entries} audit entries, ${counts?.keys} idempotency keys`);
});
