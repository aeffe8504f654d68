import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { LOGINS, MIRROR_POLICY, OWNER_ROLE } from '#libs/governance/roles';
import type { LakeColumn } from '#libs/lakehouse/lake-type';
import type { LakeTableState } from '#libs/lakehouse/lakehouse';
import { quoteIdentifier, quoteLiteral, quoteTable, type TableName } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import { columnType, isKeyType } from './column-text.ts';
import type { MirrorDefinition } from './mirror.ts';

/** Longer names are cut by Postgres, and could then coincide. */
const NAME_BYTES = 63;

/** Creates the target: owned by `lakeloop_owner`, written by `lakeloop_lakehouse` alone, granted to nobody else. `admin`'s transaction. */
export async function createTarget(admin: pg.ClientBase, { target, key }: MirrorDefinition, { columns, table }: LakeTableState): Promise<void> {
  for (const { name } of columns) checkName(name);
  const name = quoteTable(target);
  const writer = LOGINS.lakehouse;
  const definitions = columns.map(({ name: column, type }) => `${quoteIdentifier(column)} ${columnType(type)}`);
  await admin.query(`set local role ${OWNER_ROLE}`);
  const schema = await admin.query('select from pg_namespace where nspname = $1', [target.schema]);
  if (!schema.rowCount) await admin.query(`create schema ${quoteIdentifier(target.schema)}`);
  await admin.query(`create table ${name} (${[...definitions, `primary key (${key.map(quoteIdentifier).join(', ')})`].join(', ')})`);
  await admin.query(`comment on table ${name} is ${quoteLiteral(`Mirror of ${table.schema}.${table.name} in the lakehouse; see lakeloop.mirror`)}`);
  await admin.query(`create trigger lakeloop_mirror before insert or update or delete or truncate on ${name} for each statement
    execute function lakeloop.refuse_mirror_write()`);
  await admin.query(`alter table ${name} enable always trigger lakeloop_mirror`);
  // Dormant until a policy filters rows; without it the writer would then see none of them.
  await admin.query(`create policy ${MIRROR_POLICY} on ${name} to ${writer} using (true) with check (true)`);
  await admin.query(`grant usage on schema ${quoteIdentifier(target.schema)} to ${writer}`);
  await admin.query(`grant select, insert, update, delete on ${name} to ${writer}`);
  await admin.query('set local role none');
}

/** The key as the source spells its columns. */
export function keyColumns(key: readonly string[], columns: readonly LakeColumn[]): string[] {
  const found = key.map((name) => {
    const column = columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (!column)
      throw new Failure('invalid-input', `the key names ${name}, which is no column of the source: it has ${columns.map((each) => each.name).join(', ')}`);
    if (!isKeyType(column.type)) throw new Failure('invalid-input', `${column.name} can not be part of a key: its type has no exact equality`);
    return column.name;
  });
  if (new Set(found).size !== found.length) throw new Failure('invalid-input', 'the key names a column twice');
  return found;
}

/**
 * Gives the target the columns that its source has gained, and answers all of the target's. A column that changed its type is refused: rewriting the
 * target is for whoever depends on it to decide.
 */
export async function fitTarget(client: pg.ClientBase, admin: pg.Pool | null, target: TableName, columns: readonly LakeColumn[]): Promise<string[]> {
  const present = await targetColumns(client, target);
  const missing = columns.filter(({ name }) => !present.has(name));
  for (const { name, type } of columns) {
    const [have, want] = [present.get(name), columnType(type)];
    if (have !== undefined && have !== want)
      throw new Failure('unsupported', `column ${name} is ${want} in the source and ${have} in the mirror: delete the mirror and make it again`);
    checkName(name);
  }
  if (missing.length > 0) {
    if (!admin)
      throw new Failure('misconfigured', `the source has new columns (${missing.map(({ name }) => name).join(', ')}): set ADMIN_DATABASE_URL to add them`);
    const added = missing.map(({ name, type }) => `add column ${quoteIdentifier(name)} ${columnType(type)}`);
    await transaction(admin, async (owner) => {
      await owner.query(`set local role ${OWNER_ROLE}`);
      await owner.query(`alter table ${quoteTable(target)} ${added.join(', ')}`);
    });
  }
  return [...present.keys(), ...missing.map(({ name }) => name)];
}

async function targetColumns(client: pg.ClientBase, target: TableName): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a join pg_class k on k.oid = a.attrelid
     join pg_namespace n on n.oid = k.relnamespace where n.nspname = $1 and k.relname = $2 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [target.schema, target.name],
  );
  if (rows.length === 0)
    throw new Failure('misconfigured', `the mirror's table ${target.schema}.${target.name} is gone: delete the mirror, then make it again`);
  return new Map(rows.map(({ name, type }) => [name, type]));
}

function checkName(name: string): void {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > NAME_BYTES)
    throw new Failure('invalid-input', `${JSON.stringify(name)} can not be a column of a Postgres table: a name has 1 to ${NAME_BYTES} bytes`);
}
