import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Adapter, AdapterPayload } from 'oidc-provider';

const SCHEMA = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma busy_timeout = 2000;
  create table if not exists entity (
    model text not null,
    id text not null,
    payload text not null,
    grant_id text,
    uid text,
    expires_at integer,
    primary key (model, id)
  ) without rowid;
  create index if not exists entity_by_grant on entity (grant_id) where grant_id is not null;
  create index if not exists entity_by_uid on entity (model, uid) where uid is not null;
`;

/**
 * What the provider must remember (sessions, grants, codes, refresh tokens) in one SQLite file, so that a restart signs nobody out.
 * Write-ahead log without a sync per commit: it survives the process's death; after a power cut someone may have to sign in again.
 */
export class EntityStore {
  readonly #database: DatabaseSync;
  readonly statements: Readonly<Record<'find' | 'findByUid' | 'upsert' | 'destroy' | 'consume' | 'revoke' | 'prune', StatementSync>>;

  constructor(path: string) {
    const database = new DatabaseSync(path);
    database.exec(SCHEMA);
    this.#database = database;
    const alive = `(expires_at is null or expires_at > unixepoch())`;
    this.statements = {
      find: database.prepare(`select payload from entity where model = ? and id = ? and ${alive}`),
      findByUid: database.prepare(`select payload from entity where model = ? and uid = ? and ${alive}`),
      upsert: database.prepare(`insert into entity (model, id, payload, grant_id, uid, expires_at) values (?, ?, ?, ?, ?, unixepoch() + ?)
        on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`),
      destroy: database.prepare('delete from entity where model = ? and id = ?'),
      consume: database.prepare(`update entity set payload = json_set(payload, '$.consumed', unixepoch()) where model = ? and id = ?`),
      revoke: database.prepare('delete from entity where grant_id = ?'),
      prune: database.prepare('delete from entity where expires_at <= unixepoch()'),
    };
    this.statements.prune.run();
  }

  /** The adapter of one of the provider's models. */
  adapter(model: string): Adapter {
    return new EntityAdapter(this.statements, model);
  }

  close(): void {
    this.#database.close();
  }
}

class EntityAdapter implements Adapter {
  readonly #statements: EntityStore['statements'];
  readonly #model: string;

  constructor(statements: EntityStore['statements'], model: string) {
    this.#statements = statements;
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    // A sign-in makes one code: often enough to sweep, rarely enough not to matter.
    if (this.#model === 'AuthorizationCode') this.#statements.prune.run();
    // A Grant's own row has no grantId: revokeByGrantId must not take it from under its siblings.
    this.#statements.upsert.run(this.#model, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null, expiresIn ?? null);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return parsed(this.#statements.find.get(this.#model, id));
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return parsed(this.#statements.findByUid.get(this.#model, uid));
  }

  /** The device flow is off. */
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async consume(id: string): Promise<void> {
    this.#statements.consume.run(this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    this.#statements.destroy.run(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#statements.revoke.run(grantId);
  }
}

function parsed(row: Record<string, unknown> | undefined): AdapterPayload | undefined {
  return row === undefined ? undefined : (JSON.parse(String(row.payload)) as AdapterPayload);
}
