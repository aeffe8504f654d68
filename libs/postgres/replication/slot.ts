import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { type Lsn, parseLsn } from '../../pgoutput/lsn.ts';

export interface Slot {
  name: string;
  plugin: string;
  database: string;
  /** Held by a session right now. */
  active: boolean;
  /** Everything that committed before was confirmed. */
  confirmed: Lsn;
  /** False once the server discarded WAL that the slot needs. */
  usable: boolean;
  /** Bytes of WAL kept for the slot. */
  retainedBytes: bigint;
}

interface SlotRow {
  plugin: string | null;
  database: string | null;
  active: boolean;
  confirmed: string | null;
  wal_status: string | null;
  retained: string | null;
}

/** Null when there is no slot of that name. A physical slot of that name is a `misconfigured` Failure. */
export async function inspectSlot(client: pg.Client | pg.Pool, name: string): Promise<Slot | null> {
  const { rows } = await client.query<SlotRow>(
    `select plugin, database, active, confirmed_flush_lsn as confirmed, wal_status,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::bigint::text as retained
       from pg_replication_slots where slot_name = $1`,
    [name],
  );
  const row = rows[0];
  if (!row) return null;
  if (row.plugin === null || row.database === null) throw new Failure('misconfigured', `replication slot ${name} is a physical one: choose another name`);
  return {
    name,
    plugin: row.plugin,
    database: row.database,
    active: row.active,
    confirmed: parseLsn(row.confirmed ?? '0/0'),
    usable: row.wal_status !== 'lost' && row.confirmed !== null,
    retainedBytes: BigInt(row.retained ?? '0'),
  };
}

export interface CreateSlotOptions {
  connectionString: string;
  name: string;
  /** Stops waiting. The server may finish creating the slot all the same. */
  signal: AbortSignal;
}

/** `pg` has no way to give up a query but closing its socket. */
interface WithSocket {
  connection: { stream: { destroy(): void } };
}

/**
 * Creates a pgoutput slot and returns where it starts. The server first waits for every transaction that is open anywhere on it,
 * however long that takes: so on a connection of its own.
 */
export async function createSlot({ connectionString, name, signal }: CreateSlotOptions): Promise<Lsn> {
  const client = new pg.Client({ connectionString, application_name: 'lakeloop-create-slot', keepAlive: true });
  client.on('error', () => undefined);
  const giveUp = (): void => (client as unknown as WithSocket).connection.stream.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query('set statement_timeout = 0');
    const { rows } = await client.query<{ lsn: string }>(`select lsn from pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
    if (!rows[0]) throw new Failure('protocol-violation', 'creating a replication slot answered nothing');
    return parseLsn(rows[0].lsn);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await client.end().catch(() => undefined);
  }
}

/** Where the server's log ends now: written here, or replayed on a standby. */
export async function walEnd(client: pg.Client | pg.Pool): Promise<Lsn> {
  const { rows } = await client.query<{ lsn: string }>(
    'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn',
  );
  return parseLsn(rows[0]?.lsn ?? '0/0');
}
