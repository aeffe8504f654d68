import { quoteLiteral } from '#libs/postgres/identifiers';
import { tableIn } from '../cases/compile-tables.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';

/**
 * `lakeloop.case_trace(trace_id)`: every step of a trace, and of the cases that carry it, as plain SQL. A case's rows keep its trace id, so an approval
 * that came with a trace of its own is here too. The row that the case is about counts when the trace wrote it: it may be months older. Metadata only: no
 * images. For the workflow service, auditors and administrators; the service leaves out what its caller may not read (trace-reader.ts).
 */
export function compileCaseTrace(flows: readonly ExceptionFlowDefinition[]): string[] {
  return [
    `create or replace function lakeloop.case_trace(trace text)
returns table (kind text, actor text, agent text, table_schema text, table_name text, key jsonb, operation text, action text, at timestamptz, event_id text, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $case_trace$
  with cases as (
    ${flows.map(casesOf).join('\n    union all\n    ')}
  ), touched as (
    ${flows.map(rowsOf).join('\n    union all\n    ')}
  ), entries as (
    select e.id, e.log_id from audit.entry e where e.trace_id = trace
    union
    select e.id, e.log_id from touched r join audit.entry e on e.table_name = r.name and e.table_schema = r.schema
      and (e.log_key = r.key or e.log_id = any (audit.batches_of(array[audit.key_hash(r.key)]))) and coalesce(e.key_hash = audit.key_hash(r.key), true) and e.key = r.key
  ), the_case as (
    select min(c.schema) as schema, case when count(*) = 1 then jsonb_build_object('id', min(c.id::text)) else '{}' end as key from cases c
  )
  select kind, actor, agent, table_schema, table_name, key, operation, action, at, event_id, reason from (
  select 'write' as kind, e.actor, e.agent, e.table_schema::text, e.table_name::text, e.key, e.operation, coalesce(r.action, case
      when c.id is null then null when e.operation = 'insert' then 'flag' else 'move' end) as action, e.at, null as event_id, e.reason, e.id as entry
  from entries x join audit.entry e on e.log_id = x.log_id and e.id = x.id
    left join touched r on r.schema = e.table_schema and r.name = e.table_name and r.key = e.key and e.operation = 'insert'
    left join cases c on c.schema = e.table_schema and e.table_name = 'flags' and c.id::text = e.key ->> 'id'
  union all
  select 'publish', 'cdc', null, t.schema, 'flags', t.key, null, null, i.published_at, i.event_id, null, null
  from lakeloop.inbox i, the_case t where i.trace_id = trace and i.published_at is not null
  union all
  select 'receive', i.consumer, null, t.schema, 'flags', t.key, null, null, i.received_at, i.event_id, null, null from lakeloop.inbox i, the_case t where i.trace_id = trace
  ) steps order by at, entry
$case_trace$`,
    'revoke all on function lakeloop.case_trace from public',
    'grant execute on function lakeloop.case_trace to lakeloop_workflow, auditor, administrator',
  ];
}

function casesOf(flow: ExceptionFlowDefinition): string {
  return `select ${quoteLiteral(flow.schema)} as schema, f.id from ${tableIn(flow, 'flags')} f where f.trace_id = trace`;
}

function rowsOf(flow: ExceptionFlowDefinition): string {
  const schema = quoteLiteral(flow.schema);
  return [
    `select ${schema} as schema, 'flags' as name, jsonb_build_object('id', c.id) as key, null as action from cases c where c.schema = ${schema}`,
    `select ${schema}, 'recommendations', jsonb_build_object('id', r.id), 'recommend' from ${tableIn(flow, 'recommendations')} r where r.trace_id = trace`,
    `select ${schema}, 'dispositions', jsonb_build_object('id', d.id), d.action from ${tableIn(flow, 'dispositions')} d where d.trace_id = trace`,
  ].join('\n    union all\n    ');
}
