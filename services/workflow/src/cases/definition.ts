import type { Feature } from '../classifier/feature.ts';

/**
 * An exception flow as data: which rows are examined, what the classifier looks at, which labels there are, who does what. From it come the
 * tables, triggers and policy of its schema, the model's inputs, the jobs, and the description that `GET /v1/flows` gives to consoles.
 *
 * Tables in `schema`: the subject table, `labels` (known answers, the first training data), `flags` (the cases), `recommendations`,
 * `dispositions`, `models`, `recommender`.
 */
export interface ExceptionFlowDefinition {
  /** Name of the flow and of its principal `flow:<name>`. */
  readonly name: string;
  readonly title: string;
  readonly schema: string;
  /** Postgres role (NOLOGIN) that the flow writes back as. */
  readonly principalRole: string;
  readonly subject: Subject;
  readonly features: readonly Feature[];
  readonly labels: readonly Label[];
  readonly roles: FlowRoles;
  /** Role → what it sees of the subject and of its cases, where that is less than everything. */
  readonly restrictions: Readonly<Record<string, Restriction>>;
  /** What the classifier learns with. */
  readonly learning: Learning;
}

export interface Subject {
  readonly table: string;
  /** Primary-key column; single. */
  readonly key: { readonly column: string; readonly type: 'bigint' | 'uuid' | 'text' };
  /** Name of the column in the case tables that refers to it. */
  readonly reference: string;
  readonly columns: readonly SubjectColumn[];
  /** Column lists of further indexes: what derived features look up. */
  readonly indexes: readonly (readonly string[])[];
  /** Columns copied into each case row when it is written, so that row filters hold for cases as they do for the subject. */
  readonly carried: readonly string[];
  /** Columns that a person names in a correction. */
  readonly correctable: readonly string[];
  /** Columns of a short description, for lists. */
  readonly summary: readonly string[];
}

export interface SubjectColumn {
  readonly name: string;
  /** Postgres type, as DDL spells it. */
  readonly type: string;
  readonly title?: string;
  readonly notNull?: boolean;
  /** SQL expression. */
  readonly default?: string;
}

export interface Label {
  readonly class: string;
  readonly title: string;
}

export interface FlowRoles {
  /** May flag rows, and withdraw their own flags. */
  readonly flag: readonly string[];
  /** May approve, override and correct, but for cases they flagged themselves. */
  readonly approve: readonly string[];
  readonly read: readonly string[];
  /** May claim cases and complete them with a recommendation, where the flow leaves that to workers. */
  readonly work: readonly string[];
  /** May write subjects and labels, train models and say who recommends. */
  readonly administer: readonly string[];
}

export interface Restriction {
  /** Only rows whose column equals the caller's claim of that name. The column is `carried`. */
  readonly rows?: { readonly column: string; readonly claim: string };
  /** Subject columns it doesn't see. */
  readonly hidden?: readonly string[];
}

export interface Learning {
  /** Fewest known answers for a first model. */
  readonly minimumExamples: number;
  /** Strength of the L2 penalty, for the mean loss. */
  readonly l2: number;
  readonly seed: number;
}

const NAME = /^[a-z][a-z0-9_]{0,40}$/;

/** Checks a definition: a mistake is a `TypeError` at import, before anything starts. */
export function defineExceptionFlow(definition: ExceptionFlowDefinition): ExceptionFlowDefinition {
  const { subject } = definition;
  const columns = new Set(subject.columns.map((column) => column.name));
  const must = (holds: boolean, message: string): void => {
    if (!holds) throw new TypeError(`flow ${definition.name}: ${message}`);
  };
  for (const name of [
    definition.name,
    definition.schema,
    definition.principalRole,
    subject.table,
    subject.reference,
    ...columns,
    ...definition.labels.map((label) => label.class),
  ])
    must(NAME.test(name), `${JSON.stringify(name)} is no plain lower-case name`);
  must(columns.size === subject.columns.length, 'a column is named twice');
  must(new Set(definition.features.map((feature) => feature.name)).size === definition.features.length, 'a feature is named twice');
  must(definition.labels.length >= 2, 'needs two labels or more');
  const named = [subject.key.column, ...subject.carried, ...subject.correctable, ...subject.summary, ...subject.indexes.flat()];
  const restricted = Object.values(definition.restrictions).flatMap((restriction) => restriction.hidden ?? []);
  for (const column of [...named, ...restricted]) must(columns.has(column), `names a column ${column} that the subject lacks`);
  for (const { rows } of Object.values(definition.restrictions))
    must(!rows || subject.carried.includes(rows.column), `filters by ${rows?.column}, which is not carried`);
  for (const role of [...definition.roles.flag, ...definition.roles.approve, ...definition.roles.work])
    must(definition.roles.read.includes(role), `role ${role} acts on what it can't read`);
  return Object.freeze(definition);
}
