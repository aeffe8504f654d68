import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import { createPool } from '#libs/postgres/pool';
import { createLogger } from '#libs/runtime/logger';
import type { Command } from '../command.ts';
import { rowInterface, rowSchema, type TypedColumn } from './row-type.ts';

/** Domains as their base, arrays as their element. */
const COLUMNS = `
  with recursive typed as (
    select a.attname as name, a.attnum, a.atttypid as oid, a.atttypmod as modifier, a.attnotnull or k.indexrelid is not null as "notNull", false as "array"
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_index k on k.indrelid = c.oid and k.indisprimary and a.attnum = any (k.indkey::int2[])
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
    union all
    select p.name, p.attnum, case when t.typbasetype <> 0 then t.typbasetype else t.typelem end,
           case when t.typbasetype <> 0 and t.typtypmod <> -1 then t.typtypmod else p.modifier end, p."notNull" or t.typnotnull, p."array" or t.typbasetype = 0
      from typed p join pg_type t on t.oid = p.oid where t.typbasetype <> 0 or t.typinput = 'pg_catalog.array_in'::regproc
  )
  select p.name, t.typname as type, p.modifier, p."array", not p."notNull" as nullable,
         array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels
    from typed p join pg_type t on t.oid = p.oid
   where t.typbasetype = 0 and t.typinput <> 'pg_catalog.array_in'::regproc order by p.attnum`;

export const topicTypes: Command = {
  usage: 'topics types <schema.table> [--json-schema]',
  about: 'TypeScript, or JSON Schema, of the rows in the topic of a table',
  run: async ({ config, print }, args) => {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { 'json-schema': { type: 'boolean', default: false } } });
    const [table = ''] = positionals;
    const dot = table.indexOf('.');
    if (dot < 1) throw new Failure('invalid-input', `lakeloop ${topicTypes.usage}`);
    if (config.DATABASE_URL === undefined) throw new Failure('misconfigured', 'DATABASE_URL is not set: the columns are read from the database');
    const columns = await load(config.DATABASE_URL, table.slice(0, dot), table.slice(dot + 1));
    if (columns.length === 0) throw new Failure('invalid-input', `there is no table ${table}`);
    print(values['json-schema'] ? JSON.stringify(rowSchema(table, columns), null, 2) : rowInterface(table, columns));
  },
};

async function load(connectionString: string, schema: string, table: string): Promise<TypedColumn[]> {
  const pool = createPool({ connectionString, name: 'lakeloop-cli', max: 1, logger: createLogger({ service: 'cli', level: 'silent' }) });
  try {
    return (await pool.query<TypedColumn>(COLUMNS, [schema, table])).rows;
  } finally {
    await pool.end();
  }
}
