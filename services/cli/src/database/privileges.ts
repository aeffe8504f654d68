/** What a statement of ours needs, for whoever reads it before it is run. */
const NEEDS: readonly [RegExp, string][] = [
  [/^(create|alter) role .*\b(replication|bypassrls|superuser)\b/i, 'a superuser'],
  [/event trigger/i, 'a superuser'],
  [/^(create|alter) role/i, 'CREATEROLE'],
  [/^grant .* on database/i, 'owner of the database, or GRANT OPTION'],
  [/^grant usage on schema .* to lakeloop_owner$/i, 'owner of the schema'],
  [/^grant select on .* to lakeloop_owner$/i, 'owner of the table'],
  [/^grant "pg_read_all_data"/i, 'a superuser'],
  [/^grant "?\w+"? to "?\w+"?$/i, 'CREATEROLE, or ADMIN OPTION on the role'],
  [/^create (schema|publication)/i, 'CREATE on the database'],
  [/^alter publication .* add table/i, 'owner of the publication and of the table'],
  [/^alter publication/i, 'owner of the publication'],
  [/pg_drop_replication_slot/i, 'REPLICATION'],
  [/^alter system/i, 'a superuser'],
  [/^(alter table|create trigger|drop trigger|create or replace trigger)/i, 'owner of the table'],
  [/^set local role lakeloop_owner/i, 'member of lakeloop_owner'],
];

/** A statement, and the privilege that it needs behind it. */
export function annotated(statement: string): string {
  const need = NEEDS.find(([pattern]) => pattern.test(statement))?.[1] ?? 'member of lakeloop_owner';
  return `${statement.replace(/;?\s*$/, ';')}  -- ${need}`;
}
