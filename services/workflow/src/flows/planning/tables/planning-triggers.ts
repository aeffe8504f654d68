import { quoteLiteral } from '#libs/postgres/identifiers';
import { ADJUSTMENT_TABLES, SCOPED_TABLES } from './planning-tables.ts';
import { checkCapacity, checkCell, checkMeasured, checkLeaf, CHECKS, requireLine } from './planning-checks.ts';

/**
 * Functions and triggers that hold the plan's rules whoever writes: known names (422 naming the field), who and when, scopes, four eyes, one state machine,
 * frozen periods. Always re-creatable. They run as their owner; the caller is `lakeloop.actor()`.
 */
export function planningTriggers(): string[] {
  return [...CHECKS, ...adjustments(), ...reference(), ...acts(), ...plan(), ...touches()];
}

const DEFINER = 'returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp';

function trigger(table: string, name: string, when: string, body: string, declare = ''): string[] {
  const level = /^before (insert|update|delete)/.test(when) && !when.includes('truncate') ? 'row' : 'statement';
  return [
    `create or replace function planning.${name}() ${DEFINER} as $lakeloop$\n${declare ? `declare ${declare}\n` : ''}begin\n${body}\nend\n$lakeloop$`,
    `revoke all on function planning.${name}() from public`,
    ...attach({ table, name, when, level }),
  ];
}

interface Attached {
  table: string;
  name: string;
  /** `before insert or update`; with its transition tables after `on …` as `rows`. */
  when: string;
  level: 'row' | 'statement';
  as?: string;
  rows?: string;
}

function attach({ table, name, when, level, as = name, rows = '' }: Attached): string[] {
  return [
    `create or replace trigger ${as} ${when} on planning.${table} ${rows} for each ${level} execute function planning.${name}()`,
    `alter table planning.${table} enable always trigger ${as}`,
  ];
}

const STAMPED = 'new.product, new.region, new.period, new.measure, new.kind, new.amount, new.unit, new.confidence, new.comment';

function adjustments(): string[] {
  const body = `  if tg_op = 'UPDATE' and (${STAMPED}) is not distinct from (${STAMPED.replaceAll('new.', 'old.')}) then
    new.id := old.id; new.author := old.author; new.created_at := old.created_at; new.updated_at := old.updated_at;
    new.scope := planning.scope_of(new.product, new.region, new.period);
    return new;
  end if;
${checkCell()}${checkMeasured()}
  if new.kind = 'percent' and new.unit is not null then
    perform planning.refuse('unit', new.unit, 'has no place beside a percentage');
  elsif new.kind <> 'percent' and new.unit is null then
    perform planning.refuse('unit', null, 'is missing');
  elsif new.confidence < 0 or new.confidence > 1 then
    perform planning.refuse('confidence', new.confidence::text, 'is not between 0 and 1');
  end if;
  new.author := lakeloop.actor();
  new.updated_at := clock_timestamp();
  new.created_at := case when tg_op = 'INSERT' then new.updated_at else old.created_at end;
  return new;`;
  return ADJUSTMENT_TABLES.flatMap((table) => trigger(table, `${table}_checked`, 'before insert or update', body));
}

function reference(): string[] {
  return [...stated(), ...settings(), ...hierarchy('products', 'product'), ...hierarchy('regions', 'region')];
}

function stated(): string[] {
  return [
    ...trigger('baseline', 'baseline_checked', 'before insert or update', `${checkCell()}${checkLeaf()}${checkMeasured()}\n  return new;`),
    ...trigger(
      'capacities',
      'capacity_checked',
      'before insert or update',
      `${checkCell(false)}${checkCapacity()}\n  new.author := lakeloop.actor();\n  new.updated_at := clock_timestamp();\n  return new;`,
    ),
    ...trigger(
      'assumptions',
      'assumption_checked',
      'before insert or update',
      `  if new.name ~ '^(growth|rate):' and new.value !~ '^[+-]?[0-9]{1,30}([.][0-9]{0,12})?$' then
    perform planning.refuse('value', new.value, 'is no decimal number');
  elsif new.name ~ '^growth:' and not exists (select from planning.measures m where m.measure = substr(new.name, 8)) then
    perform planning.refuse('name', new.name, 'names an unknown measure');
  elsif new.name ~ '^rate:' and not exists (select from planning.units u where u.unit = substr(new.name, 6) and u.dimension = 'money') then
    perform planning.refuse('name', new.name, 'names an unknown currency');
  elsif new.unit is not null and not exists (select from planning.units u where u.unit = new.unit) then
    perform planning.refuse('unit', new.unit, 'is unknown');
  end if;
  new.author := lakeloop.actor();
  new.updated_at := clock_timestamp();
  return new;`,
    ),
  ];
}

function settings(): string[] {
  return [
    ...trigger(
      'rates',
      'rate_checked',
      'before insert or update',
      `  if not exists (select from planning.units u where u.unit = new.currency and u.dimension = 'money') then
    perform planning.refuse('currency', new.currency, 'is no currency');
  elsif not exists (select from planning.periods p where p.period = new.period) then
    perform planning.refuse('period', new.period, 'is unknown');
  end if;
  return new;`,
    ),
    ...trigger(
      'schedules',
      'schedule_checked',
      'before insert or update',
      `  if not exists (select from pg_timezone_names z where z.name = new.time_zone) then
    perform planning.refuse('time_zone', new.time_zone, 'is no time zone');
  elsif tg_op = 'INSERT' or (new.cron, new.time_zone, new.enabled) is distinct from (old.cron, old.time_zone, old.enabled) then
    new.since := clock_timestamp();
  end if;
  return new;`,
    ),
  ];
}

/** No cycles; and where a node moves to another root, the rows under it get their new scope. */
function hierarchy(table: 'products' | 'regions', column: 'product' | 'region'): string[] {
  return [
    ...trigger(
      table,
      `${column}_checked`,
      'before insert or update',
      `  loop
    exit when above is null;
    if above = new.${column} then perform planning.refuse('parent', new.parent, 'leads back to the row itself'); end if;
    select n.parent into above from planning.${table} n where n.${column} = above;
    exit when not found;
  end loop;
  if new.parent is not null and not exists (select from planning.${table} n where n.${column} = new.parent) then
    perform planning.refuse('parent', new.parent, 'is unknown');
  end if;
  return new;`,
      'above text := new.parent;',
    ),
    `create or replace function planning.${column}_moved() ${DEFINER} as $lakeloop$
begin
${SCOPED_TABLES.map((scoped) => `  update planning.${scoped} s set scope = planning.scope_of(s.product, s.region, s.period) where s.scope is distinct from planning.scope_of(s.product, s.region, s.period);`).join('\n')}
  return null;
end
$lakeloop$`,
    `revoke all on function planning.${column}_moved() from public`,
    ...attach({ table, name: `${column}_moved`, when: 'after update of parent', level: 'statement' }),
  ];
}

function acts(): string[] {
  return [...overrides(), ...remarks(), ...approvals()];
}

function overrides(): string[] {
  return [
    ...trigger(
      'plan_overrides',
      'override_checked',
      'before insert or update',
      `  if tg_op = 'INSERT' then
${checkCell()}${checkLeaf()}${checkMeasured()}
    new.author := lakeloop.actor();
    new.created_at := clock_timestamp();
    new.withdrawn := false; new.withdrawn_by := null; new.withdrawn_at := null;
    return new;
  end if;
  if to_jsonb(new) - array['withdrawn', 'scope', 'withdrawn_by', 'withdrawn_at'] is distinct from to_jsonb(old) - array['withdrawn', 'scope', 'withdrawn_by', 'withdrawn_at'] then
    raise exception using errcode = 'PT409', message = 'an override is not changed', hint = 'Withdraw it and state another.';
  elsif old.withdrawn and not new.withdrawn then
    raise exception using errcode = 'PT409', message = 'a withdrawn override stays withdrawn', hint = 'State it again.';
  end if;
  new.scope := planning.scope_of(new.product, new.region, new.period);
  new.withdrawn_by := old.withdrawn_by; new.withdrawn_at := old.withdrawn_at;
  if new.withdrawn and not old.withdrawn then
    new.withdrawn_by := lakeloop.actor();
    new.withdrawn_at := clock_timestamp();
  end if;
  return new;`,
    ),
    ...trigger('plan_overrides', 'override_stays', 'before delete', stays('an override', 'Withdraw it.')),
  ];
}

function remarks(): string[] {
  return [
    ...trigger(
      'conflict_choices',
      'choice_checked',
      'before insert or update',
      `${checkCell()}
  if tg_op = 'UPDATE' and (new.team, new.reason) is not distinct from (old.team, old.reason) then
    new.author := old.author; new.chosen_at := old.chosen_at;
    return new;
  end if;
  new.author := lakeloop.actor();
  new.chosen_at := clock_timestamp();
  return new;`,
    ),
    ...trigger('run_requests', 'request_checked', 'before insert', stamp('requested_by', 'requested_at')),
    ...trigger('run_requests', 'request_stays', 'before update or delete', stays('a request', 'Make another.')),
    ...trigger('plan_comments', 'comment_checked', 'before insert', `${requireLine()}${stamp('author', 'created_at')}`),
    ...trigger('plan_comments', 'comment_stays', 'before update or delete', stays('a comment', 'Write another.')),
    ...trigger(
      'frozen_periods',
      'period_freezes',
      'before insert or update',
      `  if not exists (select from planning.periods p where p.period = new.period) then perform planning.refuse('period', new.period, 'is unknown'); end if;
${PUBLISHING}
${stamp('author', 'frozen_at')}`,
    ),
  ];
}

/** Publishing a plan and freezing a period wait for each other: no line of a period moves once its freeze is committed. */
const PUBLISHING = `  perform pg_advisory_xact_lock(hashtextextended('lakeloop.planning.publish', 0));`;

function stamp(who: string, when: string): string {
  return `  new.${who} := lakeloop.actor();\n  new.${when} := clock_timestamp();\n  return new;`;
}

function stays(what: string, hint: string): string {
  return `  raise exception using errcode = 'PT409', message = '${what} is history: it is neither changed nor deleted', hint = ${quoteLiteral(hint)};`;
}

function approvals(): string[] {
  return [
    ...trigger(
      'plan_approvals',
      'approval_proposed',
      'before insert',
      `  if not exists (select from planning.plan_versions v where v.version = new.version) then perform planning.refuse('version', new.version::text, 'is unknown'); end if;
  new.state := 'proposed';
  new.decided_by := null; new.decided_at := null;
${stamp('proposed_by', 'proposed_at')}`,
    ),
    ...trigger(
      'plan_approvals',
      'approval_decided',
      'before update',
      `  if old.state <> 'proposed' then
    raise exception using errcode = 'PT409', message = format('this version is %s already', old.state), detail = jsonb_build_object('state', old.state)::text;
  elsif (new.version, new.proposed_by, new.proposed_at) is distinct from (old.version, old.proposed_by, old.proposed_at) or new.state not in ('approved', 'rejected') then
    raise exception using errcode = 'PT409', message = 'a proposal is approved or rejected, and nothing else of it changes', detail = jsonb_build_object('state', old.state)::text;
  elsif old.proposed_by = lakeloop.actor() then
    raise exception using errcode = 'PT403', message = 'four eyes: who proposed a version does not decide it', hint = 'Ask another approver.';
  end if;
${stamp('decided_by', 'decided_at')}`,
    ),
    ...trigger('plan_approvals', 'approval_stays', 'before delete', stays('an approval', 'Reject it.')),
  ];
}

function plan(): string[] {
  return [
    ...trigger('plan_versions', 'version_publishes', 'before insert', `${PUBLISHING}\n  new.created_at := clock_timestamp();\n  return new;`),
    ...trigger('plan_versions', 'version_stays', 'before update or delete', stays('a version', 'Publish another.')),
    ...frozenLines(),
  ];
}

/** What makes a line of a period. Of an update, both images are compared: a line that left a frozen period or came into one has changed it. */
const OF_A_LINE = 'period, product, region, measure, amount, unit';

/** A statement at a time, since a plan is some hundred thousand lines. New lines are those of a scope that has a plan: a period frozen before the first plan gets that one. */
function frozenLines(): string[] {
  const fn = 'frozen_line_stays';
  const isFrozen = 'exists (select from planning.frozen_periods f where f.period = c.period)';
  return [
    `drop trigger if exists ${fn} on planning.plan_lines`,
    `create or replace function planning.${fn}() ${DEFINER} as $lakeloop$
declare
  frozen text;
begin
  if not exists (select from planning.frozen_periods) then return null; end if;
  if tg_op = 'INSERT' then
    select c.period into frozen from new_rows c join planning.plan_scopes s on s.scope = c.scope and s.version < c.version where ${isFrozen} limit 1;
  elsif tg_op = 'DELETE' then
    select c.period into frozen from old_rows c where ${isFrozen} limit 1;
  else
    select c.period into frozen from (
      (select ${OF_A_LINE} from old_rows except select ${OF_A_LINE} from new_rows) union all (select ${OF_A_LINE} from new_rows except select ${OF_A_LINE} from old_rows)) c
    where ${isFrozen} limit 1;
  end if;
  if frozen is not null then
    raise exception using errcode = 'PT409', message = format('period %s is frozen: its lines do not change', frozen), hint = 'Thaw it first: delete its row in frozen_periods.';
  end if;
  return null;
end
$lakeloop$`,
    `revoke all on function planning.${fn}() from public`,
    ...byStatement('plan_lines', fn),
  ];
}

/** After each kind of change, with its transition tables. */
function byStatement(table: string, name: string): string[] {
  const [fresh, old] = ['new table as new_rows', 'old table as old_rows'];
  const kinds = [
    ['insert', fresh],
    ['update', `${old} ${fresh}`],
    ['delete', old],
  ] as const;
  return kinds.flatMap(([kind, rows]) =>
    attach({ table, name, when: `after ${kind}`, level: 'statement', as: `${name}_${kind}`, rows: `referencing ${rows}` }),
  );
}

/** Which scopes each change touches, noted in its own transaction. The rules are those of model/touched-scopes.ts. */
function touches(): string[] {
  const scoped = SCOPED_TABLES.flatMap((table) => touch(table, 'scope, null::text', ''));
  const periods = ['rates', 'periods', 'frozen_periods'].flatMap((table) => touch(table, 'null::text, period', ''));
  const all = ['products', 'regions', 'measures', 'units', 'conflict_rules', 'settings'].flatMap((table) => touch(table, 'null::text, null::text', ''));
  return [...scoped, ...periods, ...all, ...touch('assumptions', 'null::text, null::text', "where name ~ '^(growth|rate):'")];
}

function touch(table: string, columns: string, where: string): string[] {
  const fn = `${table}_touched`;
  const note = (rows: string): string => `    insert into lakeloop.planning_touched (scope, period) select distinct ${columns} from ${rows} ${where};`;
  return [
    `create or replace function planning.${fn}() ${DEFINER} as $lakeloop$
begin
  if tg_op = 'INSERT' then
${note('new_rows')}
  elsif tg_op = 'DELETE' then
${note('old_rows')}
  elsif tg_op = 'UPDATE' then
${note('(select * from new_rows union all select * from old_rows) changed')}
  else
    insert into lakeloop.planning_touched (scope, period) values (null, null);
  end if;
  return null;
end
$lakeloop$`,
    `revoke all on function planning.${fn}() from public`,
    ...byStatement(table, fn),
    ...attach({ table, name: fn, when: 'before truncate', level: 'statement', as: `${fn}_truncate` }),
  ];
}
