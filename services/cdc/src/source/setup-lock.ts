import type pg from 'pg';

/** Keeps two instances from setting the same slot up at once: the one that comes second waits as a standby and fences nobody. */
export class SetupLock {
  readonly #client: pg.PoolClient;
  readonly #name: string;

  private constructor(client: pg.PoolClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Null while another instance holds it. */
  static async take(pool: pg.Pool, name: string): Promise<SetupLock | null> {
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [name]);
      if (rows[0]?.taken) return new SetupLock(client, name);
    } catch (error) {
      client.release(true);
      throw error;
    }
    client.release();
    return null;
  }

  async release(): Promise<void> {
    try {
      await this.#client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [this.#name]);
      this.#client.release();
    } catch {
      // The lock goes with its connection.
      this.#client.release(true);
    }
  }
}
