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
      throw new Failure('dependency-unavailable', `no replication connection to Postgres: ${classify(error).message}`, { cause: error });
    }
    return new ReplicationConnection(client);
  }

  async identifySystem(): Promise<SystemIdentity> {
    const { rows } = await this.#client.query<{ systemid: string; timeline: number | string; xlogpos: string; dbname: string }>('IDENTIFY_SYSTEM');
    const row = rows[0];
    if (!row) throw new Failure('protocol-violation', 'IDENTIFY_SYSTEM answered nothing');
    return { systemId: row.systemid, timeline: Number(row.timeline), walEnd: parseLsn(row.xlogpos), database: row.dbname };
  }

  /**
   * Starts logical replication with pgoutput, protocol 1, logical messages included. Rejects with a `conflict` Failure while another
   * session holds the slot, with `position-lost` when the slot can't serve any more.
   */
  async start({ slot, publication, from }: StartOptions): Promise<ReplicationStream> {
    const options = `proto_version '1', publication_names ${quoteLiteral(quoteIdentifier(publication)).trim()}, messages 'true'`;
    const command = `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(from)} (${options})`;
    return ReplicationStream.start((this.#client as unknown as WithSocket).connection.stream, command, from);
  }

  /** For a connection whose stream was never started. */
  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
