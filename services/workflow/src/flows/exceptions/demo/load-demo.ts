import pg from 'pg';
import type { Logger } from '#libs/runtime/logger';
import { seeded } from '../../../classifier/random.ts';
import { generateHistory, type LabelledTransaction } from './generate.ts';

export interface LoadDemoOptions {
  /** A login that may write `exceptions.transactions` and `exceptions.labels`. */
  adminUrl: string;
  logger: Logger;
  /** Transactions of history. Default 20,000. */
  count?: number;
  /** End of the 90 days, ms since the epoch; default now. */
  until?: number;
  seed?: number;
}

const BATCH = 5_000;

/**
 * Loads the demo's labelled history, once: nothing happens when there are transactions. Rows come by bulk inserts through the adopted tables, so each
 * is audited and published like any other write (their actor is the login). Returns how many were loaded.
 */
export async function loadDemo({ adminUrl, logger, count = 20_000, until = Date.now(), seed = 4_711 }: LoadDemoOptions): Promise<number> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-demo' });
  await client.connect();
  try {
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtextextended('lakeloop.demo', 0))");
    const present = await client.query('select from exceptions.transactions limit 1');
    if (present.rowCount) return 0;
    const started = performance.now();
    const history = [...generateHistory({ count, days: 90, until, random: seeded(seed) })];
    for (let from = 0; from < history.length; from += BATCH) await insert(client, from + 1, history.slice(from, from + BATCH));
    await client.query("select setval(pg_get_serial_sequence('exceptions.transactions', 'id'), $1)", [count]);
    await client.query('commit');
    await client.query('analyze exceptions.transactions, exceptions.labels');
    logger.info({ transactions: history.length, ms: Math.round(performance.now() - started) }, 'demo history loaded');
    return history.length;
  } finally {
    await client.query('rollback').catch(() => undefined);
    await client.end();
  }
}

/** One statement a table: `json_populate_recordset` reads columns by name. */
async function insert(client: pg.Client, firstId: number, examples: readonly LabelledTransaction[]): Promise<void> {
  const rows = examples.map(({ transaction }, index) => ({ id: firstId + index, ...transaction }));
  const answers = examples.map((example, index) => ({
    transaction_id: firstId + index,
    class: example.class,
    note: example.note,
    source: 'history',
    labelled_at: example.transaction.booked_at,
  }));
  await client.query('insert into exceptions.transactions select * from json_populate_recordset(null::exceptions.transactions, $1)', [JSON.stringify(rows)]);
  await client.query('insert into exceptions.labels select * from json_populate_recordset(null::exceptions.labels, $1)', [JSON.stringify(answers)]);
}
