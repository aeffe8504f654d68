import { quoteIdentifier, quoteLiteral, quoteTable } from '#libs/postgres/identifiers';
import type { ExceptionFlowDefinition } from './definition.ts';
import { literals, subjectTable, tableIn } from './compile-tables.ts';
import { type CaseState, OPEN_STATES } from './machine.ts';

/**
 * Functions and triggers that hold the machine, four eyes and forced columns whoever writes: an app through the API, a flow, or `psql`. They run as
 * their owner (SECURITY DEFINER), because an approver may not update a case by hand; the caller is `lakeloop.actor()`. Always re-creatable.
 */
export function compileTriggers(definition: ExceptionFlowDefinition): string[] {
  return [
    ...trigger(definition, { name: 'flag_opens', table: 'flags', when: 'before insert', body: flagOpens(definition) }),
    ...trigger(definition, { name: 'flag_moves', table: 'flags', when: 'before update', body: flagMoves(definition) }),
    ...trigger(definition, { name: 'flag_stays', table: 'flags', when: 'before delete', body: stays('a case', 'old.state') }),
    ...trigger(definition, { name: 'recommendation_checked', table: 'recommendations', when: 'before insert', body: recommendationChecked(definition) }),
    ...trigger(definition, {
      name: 'moves_recommended_case',
      table: 'recommendations',
      when: 'after insert',
      body: movesCase(definition, quoteLiteral('recommend')),
    }),
    ...trigger(definition, {
      name: 'recommendation_stays',
      table: 'recommendations',
      when: 'before update or delete',
      body: stays('a recommendation', stateOf(definition)),
    }),
    ...trigger(definition, { name: 'disposition_checked', table: 'dispositions', when: 'before insert', body: dispositionChecked(definition) }),
    ...trigger(definition, { name: 'moves_decided_case', table: 'dispositions', when: 'after insert', body: movesCase(definition, 'n.action') }),
    ...trigger(definition, {
      name: 'disposition_stays',
      table: 'dispositions',
      when: 'before update or delete',
      body: stays('a disposition', stateOf(definition)),
    }),
    ...trigger(definition, { name: 'recommender_changes', table: 'recommender', when: 'before insert or update', body: SIGNED }),
    ...(['flags', 'recommendations', 'dispositions'] as const).flatMap((table) =>
      trigger(definition, {
        name: `${table}_kept`,
        table,
        when: 'before truncate',
        body: `  raise exception using errcode = 'PT409', message = 'cases are history: they are not truncated';`,
      }),
    ),
  ];
}

const SIGNED = `  new.changed_by := lakeloop.actor();
  new.changed_at := clock_timestamp();
  return new;`;

interface TriggerParts {
  name: string;
  table: 'flags' | 'recommendations' | 'dispositions' | 'recommender';
  when: string;
  /** Statements of the function, `declare` section included where it starts with one. */
  body: string;
}

function trigger(definition: ExceptionFlowDefinition, { name, table, when, body }: TriggerParts): string[] {
  const callable = quoteTable({ schema: definition.schema, name });
  const target = tableIn(definition, table);
  const level = when.includes('truncate') || when.startsWith('after') ? 'statement' : 'row';
  const rows = when.startsWith('after') ? 'referencing new table as new_rows ' : '';
  return [
    `create or replace function ${callable}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $lakeloop$
${body.startsWith('declare') ? body : `begin\n${body}`}
end
$lakeloop$`,
    `revoke all on function ${callable}() from public`,
    `create or replace trigger ${quoteIdentifier(name)} ${when} on ${target} ${rows}for each ${level} execute function ${callable}()`,
    `alter table ${target} enable always trigger ${quoteIdentifier(name)}`,
  ];
}

/** A new case: one open case a row (the lock makes two flaggers queue, the index is behind it), and what the caller can't choose. */
function flagOpens(definition: ExceptionFlowDefinition): string {
  const reference = quoteIdentifier(definition.subject.reference);
  const carried = definition.subject.carried.map(quoteIdentifier);
  const copy =
    carried.length === 0
      ? ''
      : `\n  select ${carried.map((name) => `s.${name}`).join(', ')} into ${carried.map((name) => `new.${name}`).join(', ')} from ${subjectTable(definition)} s where s.${quoteIdentifier(definition.subject.key.column)} = new.${reference};`;
  return `declare
  present text;
begin
  perform pg_advisory_xact_lock(hashtextextended(${quoteLiteral(`${definition.schema}.flags:`)} || new.${reference}::text, 0));
  select f.state into present from ${tableIn(definition, 'flags')} f where f.${reference} = new.${reference} and f.state in (${literals(OPEN_STATES)});
  if found then perform lakeloop.case_next(${quoteLiteral(definition.name)}, present, 'flag'); end if;${copy}
  new.state := 'flagged';
  new.flagged_by := lakeloop.actor();
  new.flagged_at := clock_timestamp();
  new.trace_id := coalesce(lakeloop.trace_id(), replace(gen_random_uuid()::text, '-', ''));
  return new;`;
}

/** Which action a state is the result of. */
const ACTION_TO: Readonly<Record<CaseState, string>> = {
  flagged: 'flag',
  recommended: 'recommend',
  approved: 'approve',
  overridden: 'override',
  corrected: 'correct',
  withdrawn: 'withdraw',
};

/** A case moves along the table only, and only with the row that is the evidence of the move; withdrawing is its flagger's own act. */
function flagMoves(definition: ExceptionFlowDefinition): string {
  const arms = Object.entries(ACTION_TO).map(([state, action]) => `when ${quoteLiteral(state)} then ${quoteLiteral(action)}`);
  return `declare
  attempted text := case new.state ${arms.join(' ')} else new.state end;
begin
  if (to_jsonb(new) - 'state') is distinct from (to_jsonb(old) - 'state') then
    raise exception using errcode = 'PT409', message = 'nothing of a case changes but its state',
      detail = jsonb_build_object('state', old.state, 'action', 'edit')::text;
  end if;
  if lakeloop.case_next(${quoteLiteral(definition.name)}, old.state, attempted) is distinct from new.state then
    raise exception using errcode = 'PT409', message = format('this case is %s: %s is not possible', old.state, attempted),
      detail = jsonb_build_object('state', old.state, 'action', attempted)::text;
  end if;
  if attempted = 'withdraw' and old.flagged_by is distinct from lakeloop.actor() then
    raise exception using errcode = 'PT403', message = 'a flag is withdrawn by the one who raised it';
  end if;
  if (attempted = 'recommend' and not exists (select from ${tableIn(definition, 'recommendations')} r where r.flag_id = new.id))
    or (attempted in ('approve', 'override', 'correct') and not exists (select from ${tableIn(definition, 'dispositions')} d where d.flag_id = new.id and d.action = attempted)) then
    raise exception using errcode = 'PT409', message = format('a case is not %s without its row in recommendations or dispositions', new.state),
      detail = jsonb_build_object('state', old.state, 'action', attempted)::text, hint = 'Insert that row; the case follows.';
  end if;
  return new;`;
}

function stays(what: string, state: string): string {
  return `  raise exception using errcode = 'PT409', message = '${what} is history: it is neither changed nor deleted',
    detail = jsonb_build_object('state', ${state}, 'action', lower(tg_op))::text;`;
}

function stateOf(definition: ExceptionFlowDefinition): string {
  return `(select f.state from ${tableIn(definition, 'flags')} f where f.id = old.flag_id)`;
}

/** Locks the case, so that of two who act at once one waits, then sees what the other made of it. */
function lockCase(definition: ExceptionFlowDefinition, action: string): string {
  const carried = definition.subject.carried.map((name) => `\n  new.${quoteIdentifier(name)} := parent.${quoteIdentifier(name)};`);
  return `  select * into parent from ${tableIn(definition, 'flags')} f where f.id = new.flag_id for no key update;
  if not found then
    raise exception using errcode = '23503', message = 'there is no such case', detail = format('Key (flag_id)=(%s) is not present in table "flags".', new.flag_id);
  end if;
  perform lakeloop.case_next(${quoteLiteral(definition.name)}, parent.state, ${action});
  new.id := gen_random_uuid();
  new.trace_id := parent.trace_id;${carried.join('')}`;
}

function recommendationChecked(definition: ExceptionFlowDefinition): string {
  return `declare
  parent record;
begin
${lockCase(definition, `'recommend'`)}
  new.created_at := clock_timestamp();
  return new;`;
}

function dispositionChecked(definition: ExceptionFlowDefinition): string {
  return `declare
  parent record;
  recommended text;
begin
  if new.action is null or new.action not in ('approve', 'override', 'correct') then
    raise exception using errcode = '23514', message = 'action is one of approve, override, correct';
  end if;
${lockCase(definition, 'new.action')}
  new.decided_by := lakeloop.actor();
  new.decided_at := clock_timestamp();
  if new.decided_by = parent.flagged_by then
    raise exception using errcode = 'PT403', message = 'four eyes: who flagged a case does not decide it',
      detail = jsonb_build_object('state', parent.state, 'action', new.action)::text, hint = 'Ask another approver.';
  end if;
  select r.class into recommended from ${tableIn(definition, 'recommendations')} r where r.flag_id = new.flag_id;
  if new.action = 'approve' and coalesce(new.class, recommended) <> recommended then
    raise exception using errcode = '23514', message = 'approving keeps the recommended class', hint = 'Use override for another one.';
  elsif new.action = 'override' and coalesce(new.class, recommended) = recommended then
    raise exception using errcode = '23514', message = 'overriding names another class than the recommended one';
  elsif new.action <> 'approve' and coalesce(btrim(new.reason), '') = '' then
    raise exception using errcode = '23514', message = format('%s needs a reason', new.action);
  elsif (new.action = 'correct') <> (new.correction is not null) then
    raise exception using errcode = '23514', message = 'a correction comes with the action correct, and only with it';
  elsif new.action = 'correct' and (jsonb_typeof(new.correction) <> 'object' or new.correction = '{}'
      or new.correction - array[${literals(definition.subject.correctable)}]::text[] <> '{}') then
    raise exception using errcode = '23514', message = 'a correction is an object of corrected columns', hint = ${quoteLiteral(`Columns: ${definition.subject.correctable.join(', ')}.`)};
  end if;
  new.class := coalesce(new.class, recommended);
  return new;`;
}

/** For each statement, and by its name after the audit's trigger: the history then tells the row first and the move that follows from it second. */
function movesCase(definition: ExceptionFlowDefinition, action: string): string {
  return `  update ${tableIn(definition, 'flags')} f set state = lakeloop.case_next(${quoteLiteral(definition.name)}, f.state, ${action}) from new_rows n where f.id = n.flag_id;
  return null;`;
}
