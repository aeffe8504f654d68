import pg from 'pg';
import type { Person } from '../support/person.ts';
import type { Shape } from '../support/shape.ts';
import { suspectTransaction } from '../support/case.ts';
import { openStream } from './event-stream.ts';
import { paced } from './paced.ts';

export interface CommitFigures {
  /** From the moment the commit was acknowledged to the writer, ms. */
  sinceAcknowledged: number[];
  /** From the moment the insert was sent, ms: an upper bound that includes the insert itself. */
  sinceSent: number[];
}

/** Rows inserted straight into Postgres at a steady rate, timed until a subscriber holds them. */
export async function measureCommitToStream(shape: Shape, reader: Person, rate: number, seconds: number): Promise<CommitFigures> {
  const pool = new pg.Pool({ connectionString: shape.databaseUrl, max: 8 });
  const sent = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  const arrived = new Map<string, number>();
  const prefix = `BENCH-${Date.now()}-`;
  const total = rate * seconds;
  const all = Promise.withResolvers<void>();
  const stream = await openStream(`${shape.urls.notification}/v1/changes/exceptions.transactions?select=id,reference`, await reader.token(), ({ after }) => {
    const reference = after?.['reference'];
    if (typeof reference !== 'string' || !reference.startsWith(prefix)) return;
    arrived.set(reference, performance.now());
    if (arrived.size === total) all.resolve();
  });
  try {
    await paced(rate, total, async (call) => {
      const reference = `${prefix}${call}`;
      const row = { ...suspectTransaction(), reference };
      sent.set(reference, performance.now());
      await pool.query({ name: 'bench-insert', text: insertSql(row), values: Object.values(row) });
      acknowledged.set(reference, performance.now());
    });
    await within(all.promise, 30_000, () => `only ${arrived.size} of ${total} rows arrived`);
  } finally {
    stream.close();
    await pool.end();
  }
  // The first second warms both sides up.
  const measured = [...arrived].filter(([reference]) => Number(reference.slice(prefix.length)) >= rate);
  const since = (starts: Map<string, number>): number[] => measured.map(([reference, at]) => Math.max(0, at - (starts.get(reference) ?? Number.NaN)));
  return { sinceAcknowledged: since(acknowledged), sinceSent: since(sent) };
}

function insertSql(row: Record<string, unknown>): string {
  const columns = Object.keys(row);
  return `insert into exceptions.transactions (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`;
}

export async function within<T>(promise: Promise<T>, ms: number, explain: () => string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${explain()} within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
