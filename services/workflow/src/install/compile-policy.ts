import type { Policy, Predicate, TablePolicy } from '#libs/governance/policy/policy';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';

type Grants = Record<string, TablePolicy>;

/**
 * What each role may do with a flow's tables. Columns that triggers set are in no grant. A restricted role sees fewer rows of the subject and,
 * by the carried column, of the cases; hidden subject columns stay out of what the role may select, and the classifier's reasons with them.
 */
export function compilePolicy(definition: ExceptionFlowDefinition): Pick<Policy, 'roles'> {
  const { roles, principalRole } = definition;
  const everyone = new Set([...roles.read, ...roles.flag, ...roles.approve, ...roles.work, ...roles.administer]);
  const people = [...everyone].map((role) => [role, grantsOf(definition, role)] as const);
  return { roles: Object.fromEntries([...people, [principalRole, principalGrants(definition)]]) };
}

function grantsOf(definition: ExceptionFlowDefinition, role: string): Grants {
  const { roles, subject, schema } = definition;
  const grants: Grants = {};
  const add = (table: string, policy: TablePolicy): void => {
    grants[`${schema}.${table}`] = { ...grants[`${schema}.${table}`], ...policy };
  };
  const restriction = definition.restrictions[role];
  const rows = restriction?.rows ? { rows: { op: 'eq', column: restriction.rows.column, value: { claim: restriction.rows.claim } } satisfies Predicate } : {};
  const check = 'rows' in rows ? { check: rows.rows } : {};
  const hidden = new Set(restriction?.hidden ?? []);
  if (roles.read.includes(role)) {
    add(subject.table, { select: { columns: hidden.size === 0 ? '*' : subject.columns.map(({ name }) => name).filter((name) => !hidden.has(name)), ...rows } });
    add('flags', { select: { columns: '*', ...rows } });
    add('recommendations', { select: { columns: hidden.size === 0 ? '*' : recommendationColumns(definition), ...rows } });
    add('dispositions', { select: { columns: '*', ...rows } });
    add('models', { select: { columns: MODEL_COLUMNS } });
    add('recommender', { select: { columns: '*' } });
    if (!restriction) add('labels', { select: { columns: '*' } });
  }
  if (roles.flag.includes(role)) {
    const own: Predicate = { op: 'eq', column: 'flagged_by', value: { claim: 'sub' } };
    add('flags', { insert: { columns: ['id', subject.reference, 'note'], ...check }, update: { columns: ['state'], rows: own, check: own } });
  }
  if (roles.work.includes(role)) add('recommendations', { insert: { columns: WRITTEN_RECOMMENDATION, ...check } });
  if (roles.approve.includes(role)) add('dispositions', { insert: { columns: DISPOSITION_COLUMNS, ...check } });
  if (roles.administer.includes(role)) {
    add(subject.table, { insert: { columns: '*' }, update: { columns: '*' }, delete: {} });
    add('recommender', { insert: { columns: CHOICE_COLUMNS }, update: { columns: CHOICE_COLUMNS }, delete: {} });
    add('labels', { select: { columns: '*' }, insert: { columns: '*' }, update: { columns: '*' }, delete: {} });
  }
  return grants;
}

const CHOICE_COLUMNS = ['kind', 'endpoint', 'job_id'];
const WRITTEN_RECOMMENDATION = ['flag_id', 'class', 'confidence', 'probabilities', 'contributions', 'model_version'];
const DISPOSITION_COLUMNS = ['flag_id', 'action', 'class', 'correction', 'reason'];
/** Not the artefact: it holds what the model learnt from, word by word. */
const MODEL_COLUMNS = ['id', 'version', 'examples', 'metrics', 'trained_for', 'created_at'];

/** All but the contributions, which repeat values of columns that the role doesn't see. */
function recommendationColumns(definition: ExceptionFlowDefinition): string[] {
  return ['id', 'flag_id', 'class', 'confidence', 'probabilities', 'model_version', 'trace_id', 'created_at', ...definition.subject.carried];
}

function principalGrants({ schema, subject }: ExceptionFlowDefinition): Grants {
  const all: TablePolicy = { select: { columns: '*' } };
  return {
    [`${schema}.${subject.table}`]: all,
    [`${schema}.labels`]: all,
    [`${schema}.flags`]: all,
    [`${schema}.recommendations`]: { ...all, insert: { columns: WRITTEN_RECOMMENDATION } },
    [`${schema}.dispositions`]: all,
    [`${schema}.recommender`]: all,
    [`${schema}.models`]: { ...all, insert: { columns: ['version', 'examples', 'metrics', 'artefact', 'trained_for'] } },
  };
}
