/** Functions that the triggers share. Refusals are SQLSTATE PT422 (HTTP 422 in PostgREST's convention) and name the field in message, COLUMN and DETAIL. */
export const CHECKS: readonly string[] = [
  `create or replace function planning.refuse(field text, value text, problem text) returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $lakeloop$
begin
  raise exception using errcode = 'PT422', message = format('%s %s%s', field, coalesce(to_json(left(value, 80))::text || ' ', ''), problem), column = field,
    detail = jsonb_build_object('field', field, 'value', left(value, 80), 'problem', problem)::text;
end
$lakeloop$`,
  ...(['product', 'region'] as const).map(
    (column) => `create or replace function planning.root_${column}(node text) returns text
  language plpgsql stable set search_path = pg_catalog, pg_temp as $lakeloop$
declare
  at text := node;
  above text;
begin
  loop
    select n.parent into above from planning.${column}s n where n.${column} = at;
    if not found then return null; end if;
    if above is null then return at; end if;
    at := above;
  end loop;
end
$lakeloop$`,
  ),
  `create or replace function planning.scope_of(product text, region text, period text) returns text
  language sql stable set search_path = pg_catalog, pg_temp as $lakeloop$ select planning.root_product(product) || '|' || planning.root_region(region) || '|' || period $lakeloop$`,
  ...['refuse(text, text, text)', 'root_product(text)', 'root_region(text)', 'scope_of(text, text, text)'].map(
    (fn) => `revoke all on function planning.${fn} from public`,
  ),
];

/** Known product, region and period (and measure); sets the scope. Null is left to the column's own constraint. */
export function checkCell(measured = true): string {
  return `  if new.product is not null and not exists (select from planning.products p where p.product = new.product) then
    perform planning.refuse('product', new.product, 'is unknown');
  elsif new.region is not null and not exists (select from planning.regions r where r.region = new.region) then
    perform planning.refuse('region', new.region, 'is unknown');
  elsif new.period is not null and not exists (select from planning.periods p where p.period = new.period) then
    perform planning.refuse('period', new.period, 'is unknown');
${measured ? `  elsif new.measure is not null and not exists (select from planning.measures m where m.measure = new.measure) then\n    perform planning.refuse('measure', new.measure, 'is unknown');\n` : ''}  end if;
  new.scope := planning.scope_of(new.product, new.region, new.period);
`;
}

export function requireLine(): string {
  return checkCell().replace(/ {2}new\.scope.*\n$/, '');
}

export function checkLeaf(): string {
  return `  if exists (select from planning.products p where p.parent = new.product) then
    perform planning.refuse('product', new.product, 'has products under it: state it for those');
  elsif exists (select from planning.regions r where r.parent = new.region) then
    perform planning.refuse('region', new.region, 'has regions under it: state it for those');
  end if;
`;
}

/** An amount that the plan can hold exactly: at most 32 digits before the point and 6 after it, no NaN and no infinity. */
const AMOUNT = `  if new.amount in ('NaN', 'Infinity', '-Infinity') or abs(new.amount) >= 1e32 then
    perform planning.refuse('amount', new.amount::text, 'is no amount that a plan can hold');
  elsif min_scale(new.amount) > 6 then
    perform planning.refuse('amount', new.amount::text, 'has more than 6 decimal places');
  end if;
`;

/** A unit that measures what the measure does; a currency has a rate in the period, given or assumed. */
export function checkMeasured(): string {
  return `${AMOUNT}  if new.unit is not null then
    if not exists (select from planning.units u where u.unit = new.unit) then
      perform planning.refuse('unit', new.unit, 'is unknown');
    elsif not exists (select from planning.units u join planning.measures m on m.dimension = u.dimension where u.unit = new.unit and m.measure = new.measure) then
      perform planning.refuse('unit', new.unit, format('does not measure %s', new.measure));
    elsif exists (select from planning.units u where u.unit = new.unit and u.factor is null)
      and not exists (select from planning.settings s where s.name = 'reporting_currency' and s.value = new.unit)
      and not exists (select from planning.rates r where r.currency = new.unit and r.period = new.period)
      and not exists (select from planning.assumptions a where a.name = 'rate:' || new.unit) then
      perform planning.refuse('unit', new.unit, format('has no rate in period %s', new.period));
    end if;
  end if;
`;
}

export function checkCapacity(): string {
  return `${AMOUNT}  if new.amount < 0 then
    perform planning.refuse('amount', new.amount::text, 'is below zero');
  elsif new.unit is not null and not exists (select from planning.units u where u.unit = new.unit) then
    perform planning.refuse('unit', new.unit, 'is unknown');
  elsif exists (select from planning.units u where u.unit = new.unit and u.dimension = 'money') then
    perform planning.refuse('unit', new.unit, 'is a currency: capacity is a quantity');
  end if;
`;
}
