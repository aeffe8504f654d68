import { quoteLiteral } from '#libs/postgres/identifiers';
import { CASE_ACTIONS, CASE_MACHINE, CASE_STATES } from './machine.ts';

/** Brings `lakeloop.case_machine` to what machine.ts says: run at every install. */
export function compileMachine(): string[] {
  const rows = CASE_STATES.flatMap((state) =>
    CASE_ACTIONS.map((action) => {
      const outcome = CASE_MACHINE[state][action];
      return `(${quoteLiteral(state)}, ${quoteLiteral(action)}, ${quoteLiteral(outcome.kind)}, ${outcome.kind === 'move' ? quoteLiteral(outcome.to) : 'null'})`;
    }),
  );
  return [
    `create table if not exists lakeloop.case_machine (
  state text not null,
  action text not null,
  outcome text not null check (outcome in ('move', 'open', 'refuse')),
  next_state text check ((next_state is null) = (outcome <> 'move')),
  primary key (state, action)
)`,
    'delete from lakeloop.case_machine',
    `insert into lakeloop.case_machine (state, action, outcome, next_state) values\n  ${rows.join(',\n  ')}`,
    CASE_NEXT,
    'revoke all on function lakeloop.case_next(text, text, text) from public',
  ];
}

/** The state that `action` leads to; raises PT409 (HTTP 409 in the PostgREST convention) with the current state when it is forbidden. */
const CASE_NEXT = `create or replace function lakeloop.case_next(flow text, state text, action text) returns text
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  found_outcome text;
  found_next text;
begin
  select m.outcome, m.next_state into found_outcome, found_next from lakeloop.case_machine m where m.state = case_next.state and m.action = case_next.action;
  if found_outcome = 'move' then return found_next; end if;
  if found_outcome = 'open' then return null; end if;
  raise exception using errcode = 'PT409',
    message = format('this case of %s is %s: %s is not possible', flow, state, action),
    detail = jsonb_build_object('state', state, 'action', action)::text,
    hint = 'Read the case again; someone may have acted on it first.';
end
$$`;
