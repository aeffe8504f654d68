import type { Socket } from 'node:net';
import pg from 'pg';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { formatLsn, type Lsn, parseLsn } from '../../pgoutput/lsn.ts';
import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';
import { ReplicationStream } from './replication-stream.ts';
import { pinSettings } from './session-settings.ts';

export interface ReplicationConnectionOptions {
  connectionString: string;
  /** `application_name`. */
  name: string;
  connectTimeoutMs?: number;
}

export interface SystemIdentity {
  /** `system_identifier` of the cluster, decimal. */
  systemId: string;
  timeline: number;
  /** Where the server's log ends now. */
  walEnd: Lsn;
  database: string;
}

export interface StartOptions {
  slot: string;
  publication: string;
  /** Where to begin; positions before the slot's own are raised to it by the server. */
  from: Lsn;
  /** How often the server is asked where it is, ms, at most; more often where wal_sender_timeout is short. */
  heartbeatMs: number;
  /** A larger change is not held: its large values are left out while it is read. Default: the server's limit. */
  maxChangeBytes?: number;
}

/** `pg` logs in (TLS, SCRAM and URL forms are its own); the stream then takes its socket (docs/adr/0005-replication-over-pg.md). */
interface WithSocket {
  connection: { stream: Socket };
}

/** A login with the replication protocol: first commands, then one stream. A new object for every connection. */
export class ReplicationConnection {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Rejects with a `dependency-unavailable` Failure that says why: wrong settings may be corrected on the server meanwhile. */
  static async open({ connectionString, name, connectTimeoutMs = 5_000 }: ReplicationConnectionOptions): Promise<ReplicationConnection> {
    const config: pg.ClientConfig & { replication: 'database' } = {
      connectionString,
      application_name: name,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      replication: 'database',
    };
    const client = new pg.Client(config);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await pinSettings(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw refused(error);
    }
    return new ReplicationConnection(client);
  }

  async identifySystem(): Promise<SystemIdentity> {
    const { rows } = await this.#client.query<{ systemid: string; timeline: number | string; xlogpos: string; dbname: string }>('IDENTIFY_SYSTEM');
    const row = rows[0];
    if (!row) throw new Failure('protocol-violation', 'IDENTIFY_SYSTEM answered nothing');
    return { systemId: row.systemid, timeline: Number(row.timeline), walEnd: parseLsn(row.xlogpos), database: row.dbname };
  }

  /** Where this server's history left each earlier timeline, by timeline. Empty on the first one. */
  async timelineHistory(timeline: number): Promise<ReadonlyMap<number, Lsn>> {
    if (timeline <= 1) return new Map();
    const { rows } = await this.#client.query<{ content: Buffer | string }>(`TIMELINE_HISTORY ${timeline}`);
    return parseTimelineHistory(String(rows[0]?.content ?? ''));
  }

  /** Has standbys keep a slot in step that was made without it; nobody may hold it. PostgreSQL 17 and newer. */
  async keepOnStandbys(slot: string): Promise<void> {
    await this.#client.query(`ALTER_REPLICATION_SLOT ${quoteIdentifier(slot)} (FAILOVER true)`);
  }

  /**
   * Starts logical replication with pgoutput, protocol 1, logical messages included. Rejects with a `conflict` Failure while another
   * session holds the slot, with `position-lost` when the slot can't serve any more.
   */
  async start({ slot, publication, from, heartbeatMs, maxChangeBytes }: StartOptions): Promise<ReplicationStream> {
    const command = startReplication({ slot, publication, from });
    const timeoutMs = await this.#walSenderTimeoutMs();
    const pace = {
      heartbeatMs: timeoutMs === 0 ? heartbeatMs : Math.min(heartbeatMs, Math.ceil(timeoutMs / 4)),
      silenceMs: timeoutMs === 0 ? null : Math.max(timeoutMs, 3 * heartbeatMs),
    };
    return ReplicationStream.start((this.#client as unknown as WithSocket).connection.stream, command, from, { ...pace, maxChangeBytes });
  }

  /** 0: never. */
  async #walSenderTimeoutMs(): Promise<number> {
    const { rows } = await this.#client.query<{ ms: string }>(`SELECT setting AS ms FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'`);
    return Number(rows[0]?.ms ?? 0);
  }

  /** For a connection whose stream was never started. */
  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}

/** The command for pgoutput, protocol 1, logical messages included. */
export function startReplication({ slot, publication, from }: Pick<StartOptions, 'slot' | 'publication' | 'from'>): string {
  const options = `proto_version '1', publication_names ${quoteLiteral(quoteIdentifier(publication)).trim()}, messages 'true'`;
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(from)} (${options})`;
}

/** Lines of `<timeline> <switch point> <reason>`, and comments (PostgreSQL, timeline.c). */
export function parseTimelineHistory(text: string): ReadonlyMap<number, Lsn> {
  const lines = text.split('\n').map((line) => /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line));
  return new Map(lines.filter((line) => line !== null).map((line) => [Number(line[1]), parseLsn(String(line[2]))]));
}

/** What an operator can do about it, where we know. */
const CERTIFICATE = 'name the file of the certificates that sign the server in DATABASE_URL: sslmode=verify-full&sslrootcert=<file>';
const REMEDIES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: 'connect by a name that the certificate has',
  '42501': 'the login needs the right to replicate: ALTER ROLE … REPLICATION',
  '53300': 'end a replication client that nobody needs (pg_stat_replication), or raise max_wal_senders',
  '28000': 'allow the login in pg_hba.conf, for the database as well as for replication',
  '28P01': 'correct the password in DATABASE_URL',
};

function refused(error: unknown): Failure {
  return connectionRefused('no replication connection to Postgres', error);
}

/** Why there is no connection, and what can be done about it: whatever keeps us from logging in may be put right meanwhile. */
export function connectionRefused(what: string, error: unknown): Failure {
  const { message, detail } = classify(error);
  const remedy = REMEDIES[String(detail['code'])];
  return new Failure('dependency-unavailable', `${what}: ${message}${remedy ? `. ${remedy}` : ''}`, { cause: error, detail });
}
