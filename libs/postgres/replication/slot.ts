import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { type Lsn, parseLsn } from '../../pgoutput/lsn.ts';
import { pinSettings } from './session-settings.ts';

export interface Slot {
  name: string;
  plugin: string;
  database: string;
  /** Held by a session right now. */
  active: boolean;
  /** Everything that committed before was confirmed. */
  confirmed: Lsn;
  /** Why the server will not stream from it any more, as it says it; null while it will. */
  unusable: string | null;
  /** Bytes of WAL kept for the slot. */
  retainedBytes: bigint;
  /** Bytes of WAL that may still be written before the server gives the slot up; null without max_slot_wal_keep_size. */
  safeBytes: bigint | null;
  /** Kept in step on standbys, so that it is there after a promotion; null where the server can't (before 17). */
  failover: boolean | null;
  /** A copy on a standby, which nobody may use before the promotion. */
  synced: boolean;
}

/** Who streams from a slot, as far as this login may see. */
export interface SlotHolder {
  pid: number;
  /** `application_name`; null where this login may not see it. */
  application: string | null;
  address: string | null;
}

interface SlotRow {
  plugin: string | null;
  database: string | null;
  active: boolean;
  confirmed: string | null;
  wal_status: string | null;
  retained: string | null;
  /** The whole row: columns that newer versions have. */
  all: { safe_wal_size?: number | null; conflicting?: boolean | null; invalidation_reason?: string | null; failover?: boolean; synced?: boolean };
}

/** Null when there is no slot of that name. A physical slot of that name is a `misconfigured` Failure. */
export async function inspectSlot(client: pg.Client | pg.Pool, name: string): Promise<Slot | null> {
  const { rows } = await client.query<SlotRow>(
    `select plugin, database, active, confirmed_flush_lsn as confirmed, wal_status,
            pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::bigint::text as retained,
            to_jsonb(s) as all
       from pg_replication_slots s where slot_name = $1`,
    [name],
  );
  const row = rows[0];
  if (!row) return null;
  if (row.plugin === null || row.database === null) throw new Failure('misconfigured', `replication slot ${name} is a physical one: choose another name`);
  const { safe_wal_size: safe, failover, synced } = row.all;
  return {
    name,
    plugin: row.plugin,
    database: row.database,
    active: row.active,
    confirmed: parseLsn(row.confirmed ?? '0/0'),
    unusable: whyUnusable(row),
    retainedBytes: BigInt(row.retained ?? '0'),
    safeBytes: safe === null || safe === undefined ? null : BigInt(safe),
    failover: failover ?? null,
    synced: synced ?? false,
  };
}

/** `invalidation_reason` from 17 on, `conflicting` from 16 on. */
function whyUnusable({ wal_status, confirmed, all }: SlotRow): string | null {
  if (all.invalidation_reason === 'wal_removed' || (wal_status === 'lost' && !all.invalidation_reason))
    return 'WAL that it needs was removed (max_slot_wal_keep_size)';
  if (all.invalidation_reason) return INVALIDATED[all.invalidation_reason] ?? all.invalidation_reason;
  if (all.conflicting) return 'it conflicted with recovery';
  return confirmed === null ? 'it was never finished' : null;
}

const INVALIDATED: Readonly<Record<string, string>> = {
  rows_removed: 'catalogue rows that it needs were removed (vacuum on the primary, with hot_standby_feedback off)',
  wal_level_insufficient: 'wal_level was lowered on the primary',
  idle_timeout: 'nobody used it for idle_replication_slot_timeout',
};

/** Null while nobody holds the slot. */
export async function slotHolder(client: pg.Client | pg.Pool, name: string): Promise<SlotHolder | null> {
  const { rows } = await client.query<SlotHolder>(
    `select s.active_pid as pid, a.application_name as application, host(a.client_addr) as address
       from pg_replication_slots s left join pg_stat_activity a on a.pid = s.active_pid
      where s.slot_name = $1 and s.active_pid is not null`,
    [name],
  );
  return rows[0] ?? null;
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
 * Creates a pgoutput slot and returns where it starts; one that standbys keep in step where the server can (17 and newer). The server first waits for
 * every transaction that is open anywhere on it, however long that takes: so on a connection of its own.
 */
export async function createSlot({ connectionString, name, signal }: CreateSlotOptions): Promise<Lsn> {
  const client = new pg.Client({ connectionString, application_name: 'lakeloop-create-slot', keepAlive: true });
  client.on('error', () => undefined);
  const giveUp = (): void => (client as unknown as WithSocket).connection.stream.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    await pinSettings(client);
    const {
      rows: [server],
    } = await client.query<{ failover: boolean }>(`select current_setting('server_version_num')::int >= 170000 and not pg_is_in_recovery() as failover`);
    const options = server?.failover ? ', temporary => false, twophase => false, failover => true' : '';
    const { rows } = await client.query<{ lsn: string }>(`select lsn from pg_create_logical_replication_slot($1, 'pgoutput'${options})`, [name]);
    if (!rows[0]) throw new Failure('protocol-violation', 'creating a replication slot answered nothing');
    return parseLsn(rows[0].lsn);
  } catch (error) {
    throw explained(error);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await client.end().catch(() => undefined);
  }
}

/** Slots may be freed meanwhile: it is tried again. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === '53400')) return error;
  return new Failure('overloaded', `${error.message}: drop one that nobody uses (pg_replication_slots), or raise max_replication_slots`, { cause: error });
}

export async function dropSlot(client: pg.Client | pg.Pool, name: string): Promise<void> {
  await client.query('select pg_drop_replication_slot($1)', [name]);
}

/** Where the server's log ends now: written here, or replayed on a standby. */
export async function walEnd(client: pg.Client | pg.Pool): Promise<Lsn> {
  const { rows } = await client.query<{ lsn: string }>(
    'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn',
  );
  return parseLsn(rows[0]?.lsn ?? '0/0');
}
