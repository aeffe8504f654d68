import { arrayLiteral, quoteIdentifier } from '#libs/postgres/identifiers';
import { typedSql, unfitSql } from '../history/image-texts.ts';
import { type HistoryColumn, quoted, type TableFacts } from '../history/table-facts.ts';

export interface PastSource {
  facts: TableFacts;
  /** Names of columns whose old texts may not fit today's type. */
  retyped: ReadonlySet<string>;
  checkpoint: string;
  /** SHA-256 that lets the caller's role have the images of this table and moment (libs/governance/migrations/0027-as-of.ts). */
  pass: string;
}

type Bind = (value: string | null, type: string) => string;

/** Names that no user's table has: policies call tables by theirs. */
const CHANGED = '"lakeloop:changed"';
const LIVE = '"lakeloop:live"';

/**
 * A table as it was, as a FROM item: the rows that nobody touched since, read from the table itself under the caller's role, and of those that were touched the
 * image from before the first change. Row-level security does not reach images, so its rules are applied to them here, on rows made of the images, as for history
 * (../history/visible-images.ts), behind a fence that no filter of the request gets past.
 */
export function pastSource({ facts, retyped, checkpoint, pass }: PastSource, bind: Bind): string {
  const { columns, key, sql, name, secured, rules } = facts;
  const numbers = `{${columns.map(({ attnum }) => attnum).join(',')}}`;
  const names = arrayLiteral(columns.map((column) => column.name));
  const changes = `lakeloop.changes_since(${bind(String(facts.adoptedId), 'pg_catalog.int4')}, ${bind(checkpoint, 'pg_catalog.int8')}, ${bind(numbers, 'pg_catalog.int2[]')}, ${bind(names, 'pg_catalog.name[]')}, ${bind(pass, 'pg_catalog.bytea')})`;
  const place = (column: HistoryColumn): number => columns.indexOf(column) + 1;
  const typed = (column: HistoryColumn, text: string): string => typedSql(column, text, retyped.has(column.name));
  const keys = key.flatMap((one) => columns.find((column) => column.name === one) ?? []);
  const k = keys.map((_column, index) => `k${index}`);
  const keyed = keys.map((column, index) => `${typed(column, `(coalesce(c.before, c.after))[${place(column)}]`)} as k${index}`).join(', ');
  const changed = `${CHANGED} as materialized (select distinct on (${k.join(', ')}) ${k.join(', ')}, x.before from (select c.id, c.before, ${keyed} from ${changes} c offset 0) x order by ${k.join(', ')}, x.id)`;
  const shown = columns.filter(({ readable }) => readable);
  const same = keys.map((column, index) => `c.k${index} = ${LIVE}.${quoted(column)}`).join(' and ');
  const live = `select ${shown.map((column) => `${LIVE}.${quoted(column)}`).join(', ')} from ${sql} as ${LIVE} where not exists (select from ${CHANGED} c where ${same})`;
  const before = (column: HistoryColumn): string => `(c.before)[${place(column)}]`;
  const images = columns.map((column) => `${typed(column, before(column))} as ${quoted(column)}`).join(', ');
  const unfit = unfitSql(
    columns.filter((column) => retyped.has(column.name)),
    before,
  );
  const rows = `select ${images}, ${unfit} as "lakeloop:unfit" from ${CHANGED} c where c.before is not null offset 0`;
  const visible = `not ${secured} or ((${rules}) and not "lakeloop:unfit")`;
  return `(with ${changed} ${live} union all (select ${shown.map(quoted).join(', ')} from (${rows}) as ${quoteIdentifier(name)} where ${visible} offset 0))`;
}
