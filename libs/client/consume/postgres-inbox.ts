import { Inbox, type InboxEntry, isRepeated } from './inbox.ts';

/** What is needed of a `pg` client and pool: any version of it fits. */
export interface SqlClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}
export interface SqlPool<Client extends SqlClient> {
  connect(): Promise<Client & { release(error?: boolean): void }>;
}

/** The table, to be made once by whoever owns the schema; `PostgresInbox.create` does it too. */
export const INBOX_TABLE = `create table if not exists change_inbox (
  consumer text, topic text, partition int, last_id text not null, primary key (consumer, topic, partition))`;

/** Effects in Postgres happen once: the note that an event is done commits with what was done. */
export class PostgresInbox<Client extends SqlClient> extends Inbox<Client> {
  readonly #pool: SqlPool<Client>;

  private constructor(pool: SqlPool<Client>) {
    super();
    this.#pool = pool;
  }

  /** Makes its table where it is missing. */
  static async create<Client extends SqlClient>(pool: SqlPool<Client>): Promise<PostgresInbox<Client>> {
    const client = await pool.connect();
    await client.query(INBOX_TABLE).finally(() => client.release());
    return new PostgresInbox(pool);
  }

  override async once({ consumer, topic, partition, id }: InboxEntry, work: (client: Client) => Promise<void>): Promise<boolean> {
    const place = [consumer, topic, partition];
    const client = await this.#pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query('select last_id from change_inbox where consumer = $1 and topic = $2 and partition = $3 for update', place);
      const repeated = isRepeated(id, (rows as { last_id: string }[])[0]?.last_id ?? null);
      if (!repeated) {
        await work(client);
        await client.query(
          `insert into change_inbox (consumer, topic, partition, last_id) values ($1, $2, $3, $4)
             on conflict (consumer, topic, partition) do update set last_id = excluded.last_id`,
          [...place, id],
        );
      }
      await client.query('commit');
      client.release();
      return !repeated;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      );
      throw error;
    }
  }
}
