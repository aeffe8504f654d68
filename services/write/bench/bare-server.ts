import { fastify } from 'fastify';
import pg from 'pg';

/** What somebody writes without us: schema validation and named prepared statements. No token, role, audit or idempotency. */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] as string, max: Number(process.env['DB_POOL_MAX']) });
const app = fastify({ bodyLimit: 16 * 1024 * 1024 });

interface Row {
  account: string;
  amount: number;
  currency: string;
  booked_at: string;
  note?: string;
}

const row = {
  type: 'object',
  required: ['account', 'amount', 'currency', 'booked_at'],
  additionalProperties: false,
  properties: {
    account: { type: 'string' },
    amount: { type: 'number' },
    currency: { type: 'string' },
    booked_at: { type: 'string' },
    note: { type: 'string' },
  },
};

app.post<{ Body: Row }>('/rows', { schema: { body: row } }, async ({ body }, reply) => {
  const values = [body.account, body.amount, body.currency, body.booked_at, body.note];
  await pool.query({ name: 'insert', text: 'insert into app.bare (account, amount, currency, booked_at, note) values ($1, $2, $3, $4, $5)', values });
  return reply.status(201).send();
});

const key = { type: 'object', properties: { id: { type: 'integer' } } };
app.get<{ Params: { id: number } }>('/rows/:id', { schema: { params: key } }, async ({ params }) => {
  const { rows } = await pool.query<Row>({ name: 'read', text: 'select * from app.bare where id = $1', values: [params.id] });
  return rows;
});

app.get('/rows', async () => (await pool.query<Row>({ name: 'page', text: 'select * from app.bare order by id desc limit 25' })).rows);

const BULK = `insert into app.bare (account, amount, currency, booked_at, note)
  select * from unnest($1::text[], $2::numeric[], $3::text[], $4::timestamptz[], $5::text[])`;
app.post<{ Body: Row[] }>('/rows/bulk', { schema: { body: { type: 'array', items: row } } }, async ({ body }, reply) => {
  const columns = ['account', 'amount', 'currency', 'booked_at', 'note'] as const;
  await pool.query({ name: 'bulk', text: BULK, values: columns.map((column) => body.map((each) => each[column])) });
  return reply.status(201).send();
});

process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));
