import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { CopyPlan } from './step-plan.ts';

export interface Sync {
  id: string;
  table: string;
  from: string;
  to: string;
  type: string;
}

/**
 * Keeps the new column in step with the old one, whoever writes. A value that the new type does not take is left out: a write that was right when the edit began is
 * not refused, the edit fails in its end. In a rewrite the row stays as it was, whatever triggers before it made of it.
 */
export function syncFunction({ id, from, to, type }: Sync): string {
  const body = `
begin
  if tg_op = 'UPDATE' and lakeloop.is_rewrite() then
    new := old;
  end if;
  new.${to} := case when new.${from} is not null and lakeloop.is_input(new.${from}::text, ${quoteLiteral(type)}) then new.${from}::text::${type} end;
  return new;
end`;
  return `create function lakeloop.rewrite_${id}() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' set "DateStyle" = 'ISO, MDY' as ${quoteLiteral(body)}`;
}

/** Triggers fire in the order of their names: this one comes last. */
export function syncTrigger({ id, table }: Sync): string[] {
  const name = quoteIdentifier(`~lakeloop_rewrite_${id}`);
  return [
    `create trigger ${name} before insert or update on ${table} for each row execute function lakeloop.rewrite_${id}()`,
    `alter table ${table} enable always trigger ${name}`,
  ];
}

/** The key of the last of the next `$1` rows behind a key (`$2` …), and how many there are. */
export function pageSql({ table, key }: CopyPlan, first: boolean): string {
  const names = key.map(({ name }) => quoteIdentifier(name));
  const behind = first ? '' : ` where (${names.join(', ')}) > (${key.map(({ type }, index) => `$${index + 2}::text::${type}`).join(', ')})`;
  const texts = names.map((name) => `(array_agg(p.${name}::text order by p.place desc))[1]`);
  return `select array[${texts.join(', ')}] as last, count(*)::int as rows
    from (select ${names.join(', ')}, row_number() over (order by ${names.join(', ')}) as place from ${table}${behind} order by ${names.join(', ')} limit $1) p`;
}

/** Copies what is left of a page: behind `after` (`$1` …), up to `last`. `waits`: for rows that others hold; else they are left for another time. */
export function copySql({ table, from, to, type, key }: CopyPlan, first: boolean, waits: boolean): string {
  const names = key.map(({ name }) => quoteIdentifier(name));
  const tuple = (start: number): string => `(${key.map(({ type }, index) => `$${start + index}::text::${type}`).join(', ')})`;
  const row = `(${names.map((name) => `t.${name}`).join(', ')})`;
  const behind = first ? '' : `${row} > ${tuple(key.length + 1)} and `;
  const same = names.map((name) => `t.${name} = c.${name}`).join(' and ');
  return `update ${table} t set ${to} = null
    from (select ${names.map((name) => `t.${name}`).join(', ')} from ${table} t where ${behind}${row} <= ${tuple(1)} and ${uncopied({ from, to, type })} for no key update${waits ? '' : ' skip locked'}) c
    where ${same}`;
}

/** Whether there are rows that are not copied yet and can be. */
export function leftSql({ table, from, to, type }: CopyPlan): string {
  return `select exists (select from ${table} t where ${uncopied({ from, to, type })}) as left`;
}

function uncopied({ from, to, type }: Pick<CopyPlan, 'from' | 'to' | 'type'>): string {
  return `t.${from} is not null and t.${to} is null and lakeloop.is_input(t.${from}::text, ${quoteLiteral(type)})`;
}
