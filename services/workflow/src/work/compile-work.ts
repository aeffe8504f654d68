import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { subjectTable, tableIn } from '../cases/compile-tables.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';

/** One case for a worker of a role, as one JSON object; no row when it can't see the case. Parameter 1: the case's id. Shape of `Governed.read`. */
export function workQuery(definition: ExceptionFlowDefinition, role: string): string {
  const { subject } = definition;
  const columns = visibleColumns(definition, role).map((name) => `s.${quoteIdentifier(name)}`);
  const features = visibleFeatures(definition, role).map(
    ({ name, kind, sql }) => `${quoteLiteral(name)}, (${sql})${kind === 'number' ? '::float8' : '::text'}`,
  );
  return `select json_build_object('state', e.state, 'note', e.note, 'flaggedBy', e.flagged_by, 'flaggedAt', e.flagged_at,
    'subject', (select row_to_json(c) from (select ${columns.join(', ')}) c), 'features', json_build_object(${features.join(', ')}))::text,
    null::bigint, null::bigint, null::jsonb
  from ${tableIn(definition, 'flags')} e join ${subjectTable(definition)} s on s.${quoteIdentifier(subject.key.column)} = e.${quoteIdentifier(subject.reference)}
  where e.id = ($1)[1]::uuid`;
}

/** Parameters: case, class, confidence, probabilities, contributions, model version. */
export function completeStatement(definition: ExceptionFlowDefinition): string {
  return `insert into ${tableIn(definition, 'recommendations')} (flag_id, class, confidence, probabilities, contributions, model_version)
    values ($1::uuid, $2, $3::float8, $4::jsonb, $5::jsonb, $6)`;
}

function visibleColumns({ subject, restrictions }: ExceptionFlowDefinition, role: string): string[] {
  const hidden = restrictions[role]?.hidden ?? [];
  return subject.columns.map(({ name }) => name).filter((name) => !hidden.includes(name));
}

/** A feature whose expression names a hidden column is left out: its value tells of the column, and the role could not compute it anyway. */
export function visibleFeatures({ features, restrictions }: ExceptionFlowDefinition, role: string): ExceptionFlowDefinition['features'] {
  const hidden = restrictions[role]?.hidden ?? [];
  return features.filter(({ sql }) => !hidden.some((column) => new RegExp(String.raw`\b${column}\b`).test(sql)));
}
