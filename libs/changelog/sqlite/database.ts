import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { PRAGMAS, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** Opens the log's file for the writer thread; creates the schema and the generation id in one transaction when new. */
export function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(PRAGMAS);
  const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
  if (version === 0) create(db);
  else if (version !== SCHEMA_VERSION) throw new Error(`the change log has format ${version}, this program reads format ${SCHEMA_VERSION}`);
  return db;
}

export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('pragma busy_timeout = 5000; pragma cache_size = -8000;');
  return db;
}

function create(db: DatabaseSync): void {
  db.exec('begin immediate');
  db.exec(SCHEMA);
  db.prepare('insert into meta (name, value) values (?, ?)').run('generation', randomUUID());
  db.exec(`pragma user_version = ${SCHEMA_VERSION}`);
  db.exec('commit');
}
