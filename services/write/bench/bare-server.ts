import { fastify } from 'fastify';
import pg from 'pg';

/** What somebody writes without us: schema validation and one named prepared insert. No token, role, audit or idempotency. */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] as string, max: Number(process.env['DB_POOL_MAX']) });
const app = fastify();

interface Row {
  account: string;
  amount: number;
  currency: string;
  booked_at: string;
  note?: string;
}

const schema = {
  body: {
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
  },
};

app.post<{ Body: Row }>('/rows', { schema }, async ({ body }, reply) => {
  const values = [body.account, body.amount, body.currency, body.booked_at, body.note];
  await pool.query({ name: 'insert', text: 'insert into app.bare (account, amount, currency, booked_at, note) values ($1, $2, $3, $4, $5)', values });
  return reply.status(201).send();
});

process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));
