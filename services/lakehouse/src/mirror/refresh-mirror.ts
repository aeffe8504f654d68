import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { Lakehouse, LakeRelation, LakeTableState } from '#libs/lakehouse/lakehouse';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import type { Mirror } from './mirror.ts';
import { advanceMirror, markFresh } from './mirror-registry.ts';
import { loadStage } from './stage.ts';
import { fitTarget, keyColumns } from './target-table.ts';

export interface RefreshOptions {
  /** A session of `lakeloop_lakehouse` that holds the mirror's lock. */
  client: pg.ClientBase;
  admin: pg.Pool | null;
  lakehouse: Lakehouse;
  mirror: Mirror;
  signal?: AbortSignal;
}

/** A mirror, the version it is to have, and where its rows go. */
interface Refresh extends RefreshOptions {
  state: LakeTableState;
  key: readonly string[];
  /** The target's, of which `state.columns` are some. */
  columns: readonly string[];
}

const NEW = 'pg_temp.mirror_new';
const OLD = 'pg_temp.mirror_old';

/**
 * Makes the target equal the newest version of its source. New rows wait in a temporary table; they and the version are then in by one transaction that
 * touches only rows which differ. Answers how it was done. Whatever fails leaves the rows of the version before.
 */
export async function refreshMirror(options: RefreshOptions): Promise<'unchanged' | 'incremental' | 'snapshot'> {
  const { client, admin, lakehouse, mirror } = options;
  const state = await lakehouse.describe(mirror.source);
  if (!state) throw new Failure('invalid-input', `the lakehouse has no table ${mirror.source.schema}.${mirror.source.name}`);
  const since = await mirroredVersion(lakehouse, mirror, state);
  if (since === state.version) {
    await markFresh(client, mirror.id);
    return 'unchanged';
  }
  const key = keyColumns(mirror.key, state.columns);
  const columns = await fitTarget(client, admin, mirror.target, state.columns);
  const refresh: Refresh = { ...options, state, key, columns };
  const sameColumns = JSON.stringify(mirror.columns) === JSON.stringify(state.columns.map(({ name }) => name));
  if (mirror.mode === 'incremental' && since !== undefined && sameColumns && (await applyChanges(refresh, since))) return 'incremental';
  await applySnapshot(refresh);
  return 'snapshot';
}

/** The version that the target holds, where it is one of this source's; undefined when it is gone, or of a table that had the name before. */
async function mirroredVersion(lakehouse: Lakehouse, { source, version, committedAtMs }: Mirror, state: LakeTableState): Promise<bigint | undefined> {
  if (version === null || version > state.version) return undefined;
  const then = version === state.version ? state : await unlessLost(lakehouse.describe(source, { version }));
  return then?.committedAtMs === committedAtMs ? version : undefined;
}

/** Undefined where the version is gone, or the columns of two versions don't fit. */
async function unlessLost<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure && (error.kind === 'position-lost' || error.kind === 'unsupported')) return undefined;
    throw error;
  }
}

async function applySnapshot(refresh: Refresh): Promise<void> {
  const { client, mirror, lakehouse, state, key, columns } = refresh;
  const relation = await lakehouse.relation(mirror.source, { version: state.version });
  await stage(refresh, NEW, relation, state.columns);
  await hit('mirror.before-apply');
  const target = quoteTable(mirror.target);
  await inTransaction(client, async () => {
    await client.query(`delete from ${target} t where not exists (select from ${NEW} n where ${equal(key, 'n', 't')})`);
    await client.query(upsert(target, key, columns));
    const { rows } = await client.query<{ count: string }>(`select count(*) from ${NEW}`);
    await advanceMirror(client, mirror.id, { ...advance(state), rows: BigInt(rows[0]?.count ?? 0) });
  });
}

/** False where the lakehouse can't tell what became of the rows. */
async function applyChanges(refresh: Refresh, from: bigint): Promise<boolean> {
  const { client, mirror, lakehouse, state, key, columns } = refresh;
  const changes = await unlessLost(lakehouse.changes(mirror.source, from, state.version));
  if (!changes) return false;
  try {
    await stage(
      refresh,
      OLD,
      changes.removed,
      state.columns.filter(({ name }) => key.includes(name)),
    );
    await stage(refresh, NEW, changes.added, state.columns);
  } finally {
    await Promise.all([changes.removed.release(), changes.added.release()]);
  }
  await hit('mirror.before-apply');
  const target = quoteTable(mirror.target);
  await inTransaction(client, async () => {
    const { rows } = await client.query<{ inserted: string; doubled: string }>(
      `select count(*) filter (where not present) as inserted, count(*) filter (where present and not removed) as doubled from (select
         exists (select from ${target} t where ${equal(key, 't', 'n')}) as present, exists (select from ${OLD} o where ${equal(key, 'o', 'n')}) as removed from ${NEW} n) c`,
    );
    if (rows[0]?.doubled !== '0') throw notAKey(mirror, rows[0]?.doubled);
    const gone = `delete from ${target} t using ${OLD} o where ${equal(key, 'o', 't')} and not exists (select from ${NEW} n where ${equal(key, 'n', 't')})`;
    const { rowCount: deleted } = await client.query(gone);
    await client.query(upsert(target, key, columns));
    await advanceMirror(client, mirror.id, { ...advance(state), rows: (mirror.rows ?? 0n) + BigInt(rows[0].inserted) - BigInt(deleted ?? 0) });
  });
  return true;
}

/** Loads `columns` of a relation into an empty temporary table with the target's key, and releases the relation. */
async function stage(
  { client, mirror, lakehouse, key, signal }: Refresh,
  table: string,
  relation: LakeRelation,
  columns: readonly LakeColumn[],
): Promise<void> {
  try {
    const target = quoteTable(mirror.target);
    const shape = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    await client.query(`drop table if exists ${table}`);
    // Only the keys of what was removed are wanted.
    if (table === OLD) await client.query(`create temporary table ${table.replace('pg_temp.', '')} as select ${shape} from ${target} limit 0`);
    else await client.query(`create temporary table ${table.replace('pg_temp.', '')} (like ${target})`);
    await loadStage(client, table, { lakehouse, relation, columns, signal });
    await client.query(`alter table ${table} add primary key (${key.map(quoteIdentifier).join(', ')})`);
    await client.query(`analyze ${table}`);
  } catch (error) {
    throw (error as { code?: string }).code === '23505' ? notAKey(mirror, undefined) : error;
  } finally {
    await relation.release();
  }
}

/** Rows that are there as they should be are left alone: they make no event, no dead row and no log. */
function upsert(target: string, key: readonly string[], columns: readonly string[]): string {
  const quoted = columns.map(quoteIdentifier);
  const row = (alias: string): string => `row(${quoted.map((name) => `${alias}.${name}`).join(', ')})`;
  const rest = columns.filter((name) => !key.includes(name)).map((name) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`);
  return `insert into ${target} (${quoted.join(', ')}) select ${quoted.map((name) => `n.${name}`).join(', ')} from ${NEW} n
    where not exists (select from ${target} t where ${equal(key, 't', 'n')} and ${row('t')} is not distinct from ${row('n')})
    on conflict (${key.map(quoteIdentifier).join(', ')}) do ${rest.length > 0 ? `update set ${rest.join(', ')}` : 'nothing'}`;
}

function equal(key: readonly string[], left: string, right: string): string {
  return key.map((name) => `${left}.${quoteIdentifier(name)} = ${right}.${quoteIdentifier(name)}`).join(' and ');
}

function advance({ version, committedAtMs, columns }: LakeTableState): { version: bigint; committedAtMs: number; columns: string[] } {
  return { version, committedAtMs, columns: columns.map(({ name }) => name) };
}

function notAKey({ source, key }: Mirror, count: string | undefined): Failure {
  return new Failure('invalid-input', `${key.join(', ')} is no key of ${source.schema}.${source.name}: ${count ?? 'some'} of its values have several rows`);
}

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
