/** Settings that change what the server prints, and names that hide the system's own. */
const SETTINGS = [
  `bytea_output = escape`,
  `intervalstyle = sql_standard`,
  `datestyle = 'SQL, DMY'`,
  `extra_float_digits = -10`,
  `timezone = 'Asia/Kathmandu'`,
  `lc_monetary = 'C.UTF-8'`,
  `quote_all_identifiers = on`,
  `client_encoding = latin1`,
  `standard_conforming_strings = off`,
  `search_path = evil, pg_catalog, public`,
];

/** SQL that sets a database, and its superuser in it, against every session that does not set its own. For the current database. */
export const HOSTILE = `
  create schema evil;
  create table evil.pg_class (oid oid, relname text);
  create table evil.pg_type (oid oid, typname text);
  create view evil.pg_publication_tables as select null::text as pubname, null::text as schemaname, null::text as tablename limit 0;
  create function evil.format_type(oid, int) returns text language sql as $$ select 'evil' $$;
  create function evil.current_setting(text) returns text language sql as $$ select 'evil' $$;
  do $$ declare setting text; begin
    foreach setting in array array[${SETTINGS.map((setting) => `$s$${setting}$s$`).join(', ')}] loop
      execute format('alter database %I set %s', current_database(), setting);
      execute format('alter role current_user in database %I set %s', current_database(), setting);
    end loop;
  end $$`;
