import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { subjectTable, tableIn } from './compile-tables.ts';
import type { ExceptionFlowDefinition } from './definition.ts';

/**
 * One case by id, ready to classify: its state, trace, feature values in the definition's order, the newest model and who recommends, in one look. No row: the
 * case is not visible (yet). Parameter 1: the case's id. Shape of `lakeloop.read`: (body, total, page, extra).
 */
export function caseQuery(definition: ExceptionFlowDefinition): string {
  return `select json_build_object('state', e.state, 'traceId', e.trace_id, 'model', (select m.version from ${tableIn(definition, 'models')} m order by m.id desc limit 1),
    'recommender', (select row_to_json(c) from (select kind, endpoint, job_id from ${tableIn(definition, 'recommender')}) c),
    'values', ${values(definition)})::text, null::bigint, null::bigint, null::jsonb
  from ${tableIn(definition, 'flags')} e join ${subjectTable(definition)} s on s.${key(definition)} = e.${reference(definition)} where e.id = ($1)[1]::uuid`;
}

/**
 * The write-back: the inbox row and the recommendation, or neither when the event was here before. Parameters: consumer, event id, time of
 * publication, trace id, case, class, confidence, probabilities, contributions, model version. The body is `received` or `duplicate`.
 */
export function recommendStatement(definition: ExceptionFlowDefinition): string {
  return `with inbox as materialized (select lakeloop.receive(($1)[1], ($1)[2], ($1)[3]::timestamptz, ($1)[4]) as fresh),
    written as (insert into ${tableIn(definition, 'recommendations')} (flag_id, class, confidence, probabilities, contributions, model_version)
      select ($1)[5]::uuid, ($1)[6], ($1)[7]::float8, ($1)[8]::jsonb, ($1)[9]::jsonb, ($1)[10] from inbox where inbox.fresh returning 1)
  select case when inbox.fresh then 'received' else 'duplicate' end, (select count(*) from written), null::bigint, null::jsonb from inbox`;
}

/** Who recommends: the `recommender` row as JSON, or null. */
export function recommenderQuery(definition: ExceptionFlowDefinition): string {
  return `select (select row_to_json(c)::text from (select kind, endpoint, job_id from ${tableIn(definition, 'recommender')}) c), null::bigint, null::bigint, null::jsonb`;
}

/** Cases that wait for a recommendation and are not on offer to workers, oldest first. Parameters: least age in seconds, most rows. One JSON array as body. */
export function waitingQuery(definition: ExceptionFlowDefinition): string {
  return `select coalesce(json_agg(json_build_object('id', w.id, 'traceId', w.trace_id)), '[]')::text, null::bigint, null::bigint, null::jsonb
  from (select e.id, e.trace_id from ${tableIn(definition, 'flags')} e
    where e.state = 'flagged' and e.flagged_at <= clock_timestamp() - make_interval(secs => ($1)[1]::float8)
      and not exists (select from lakeloop.case_offer o where o.flow = ${quoteLiteral(definition.name)} and o.case_id = e.id and o.withdrawn_at is null) order by e.flagged_at limit ($1)[2]::int) w`;
}

/** Known answers: labels and final dispositions, by key, so that their order is the same each time. Columns: values (JSON array), class. */
export function examplesQuery(definition: ExceptionFlowDefinition): string {
  const ref = reference(definition);
  return `select ${values(definition)}::text as values, e.class from (
    select l.${ref}, l.note, l.class, 0 as source, ''::text as id from ${tableIn(definition, 'labels')} l
    union all
    select f.${ref}, f.note, d.class, 1, d.id::text from ${tableIn(definition, 'dispositions')} d join ${tableIn(definition, 'flags')} f on f.id = d.flag_id
  ) e join ${subjectTable(definition)} s on s.${key(definition)} = e.${ref} order by e.${ref}, e.source, e.id`;
}

/** How many known answers there are, and whether a model is. */
export function learningQuery(definition: ExceptionFlowDefinition): string {
  return `select json_build_object('examples', (select count(*) from ${tableIn(definition, 'labels')}) + (select count(*) from ${tableIn(definition, 'dispositions')}),
    'model', (select m.version from ${tableIn(definition, 'models')} m order by m.id desc limit 1))::text, null::bigint, null::bigint, null::jsonb`;
}

export function artefactQuery(definition: ExceptionFlowDefinition): string {
  return `select m.artefact, null::bigint, null::bigint, null::jsonb from ${tableIn(definition, 'models')} m where m.version = ($1)[1] order by m.id desc limit 1`;
}

/** Models, newest first, without their artefacts. */
export function modelsQuery(definition: ExceptionFlowDefinition): string {
  return `select coalesce(json_agg(json_build_object('version', m.version, 'examples', m.examples, 'metrics', m.metrics, 'trainedFor', m.trained_for, 'createdAt', m.created_at) order by m.id desc), '[]')::text,
    null::bigint, null::bigint, null::jsonb from ${tableIn(definition, 'models')} m`;
}

export function storeModelStatement(definition: ExceptionFlowDefinition): string {
  return `with written as (insert into ${tableIn(definition, 'models')} (version, examples, metrics, artefact, trained_for)
    values (($1)[1], ($1)[2]::int, ($1)[3]::jsonb, ($1)[4], ($1)[5]) returning created_at)
  select to_json(created_at) #>> '{}', 1::bigint, 1::bigint, null::jsonb from written`;
}

/** JSON array of the features' values, in their order. Text is kept as text: no number is read into a word. */
function values({ features }: ExceptionFlowDefinition): string {
  const items = features.map((feature) => (feature.kind === 'number' ? `(${feature.sql})::float8` : `(${feature.sql})::text`));
  return `json_build_array(${items.join(', ')})`;
}

function key(definition: ExceptionFlowDefinition): string {
  return quoteIdentifier(definition.subject.key.column);
}

function reference(definition: ExceptionFlowDefinition): string {
  return quoteIdentifier(definition.subject.reference);
}

/** Name of an advisory lock, as its 64-bit key: one training a flow at a time, over all processes. */
export function trainingLock(definition: ExceptionFlowDefinition): string {
  return `hashtextextended(${quoteLiteral(`lakeloop.train.${definition.name}`)}, 0)`;
}
