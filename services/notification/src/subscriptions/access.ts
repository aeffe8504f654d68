import { POLICY_PREFIX } from '#libs/governance/policy/compile-sql';
import type { Policy, Predicate, TablePolicy } from '#libs/governance/policy/policy';
import { Refused, type Refusal } from './refusal.ts';
import { conditions, type SubscriptionRequest } from './subscription-request.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';

/** What one subscriber may see of a table: the outcome of policy, native grants and its own filter. */
export interface Access {
  schema: string;
  table: string;
  oid: number;
  role: string;
  /** Columns that are delivered, in the table's order. Key columns are always among them. */
  columns: readonly ColumnFacts[];
  /** Primary key, in its order. */
  key: readonly ColumnFacts[];
  /** Every column, for filters: the policy's may name columns that the subscriber can't read. */
  all: readonly ColumnFacts[];
  /** The policy's row filter for this role. */
  policyRows: Predicate | undefined;
  /** The subscriber's own. */
  filter: Predicate | undefined;
}

/**
 * Decides from facts; fails closed. Rows under our policy are filtered by its predicate. A table without one is streamed only if
 * it has no row-level security: what hand-written policies would hide can't be told here (decisions.md 10). Throws `Refused`.
 */
export function decideAccess(request: SubscriptionRequest, role: string, facts: TableFacts | undefined, policy: Policy | undefined): Access {
  const name = `${request.schema}.${request.table}`;
  if (!facts) throw refuse(404, 'unknown-table', `there is no table ${name}`);
  if (!facts.schemaUsage) throw refuse(403, 'forbidden', `role ${role} may not use schema ${request.schema}`);
  const select = policy?.roles[role]?.[name]?.select;
  checkTable(name, role, facts, select);
  const allowed = facts.columns.filter(
    (column) => column.readable && !column.generated && (select === undefined || select.columns === '*' || select.columns.includes(column.name)),
  );
  if (allowed.length === 0) throw refuse(403, 'forbidden', `role ${role} may not read ${name}`);
  const key = facts.columns.filter((column) => column.key > 0).toSorted((a, b) => a.key - b.key);
  checkKey(name, key, allowed);
  checkFilter(request, facts, allowed);
  if ((select?.rows || request.filter) && !facts.fullIdentity)
    throw refuse(
      409,
      'replica-identity',
      `${name} is not REPLICA IDENTITY FULL: a row that leaves the filter could not be told`,
      `alter table ${name} replica identity full, or adopt it`,
    );
  return {
    schema: request.schema,
    table: request.table,
    oid: facts.oid,
    role,
    columns: delivered(request, allowed, key),
    key,
    all: facts.columns,
    policyRows: select?.rows,
    filter: request.filter,
  };
}

function checkTable(name: string, role: string, facts: TableFacts, select: TablePolicy['select']): void {
  if (facts.kind !== 'r' && facts.kind !== 'p') throw refuse(409, 'not-a-table', `${name} is not a table: it has no changes of its own`);
  if (!facts.columns.some((column) => column.readable)) throw refuse(403, 'forbidden', `role ${role} may not read ${name}`);
  if (!facts.published)
    throw refuse(409, 'not-published', `changes of ${name} are not published`, `select lakeloop.adopt('${name}'), or add it to the publication`);
  const foreign = facts.policies.filter((policy) => !policy.startsWith(POLICY_PREFIX));
  if (facts.rowSecurity && (select === undefined || foreign.length > 0))
    throw refuse(
      409,
      'row-level-security',
      `${name} has row-level security that is not of a Lakeloop policy; rows can't be checked at push`,
      'put the row filter into the policy',
    );
}

function checkKey(name: string, key: readonly ColumnFacts[], allowed: readonly ColumnFacts[]): void {
  if (key.length === 0)
    throw refuse(409, 'no-primary-key', `${name} has no primary key: its rows can't be told apart`, `alter table ${name} add primary key (…)`);
  const hidden = key.filter((column) => !allowed.includes(column));
  if (hidden.length > 0) throw refuse(403, 'forbidden', `the key of ${name} includes columns that this role may not read: ${names(hidden)}`);
}

/** A filter on a column that one may not read would read it. */
function checkFilter(request: SubscriptionRequest, facts: TableFacts, allowed: readonly ColumnFacts[]): void {
  const wanted = [
    ...(request.select ?? []).map((column) => ['select', column] as const),
    ...(request.filter ? [...conditions(request.filter)].map(({ column }) => [column, column] as const) : []),
  ];
  for (const [place, column] of wanted) {
    if (!facts.columns.some(({ name }) => name === column)) throw refuse(400, 'invalid-filter', `${place}: column ${column} does not exist`);
    if (!allowed.some(({ name }) => name === column)) throw refuse(403, 'forbidden', `column ${column} may not be read, or is not in the change stream`);
  }
}

function delivered(request: SubscriptionRequest, allowed: readonly ColumnFacts[], key: readonly ColumnFacts[]): readonly ColumnFacts[] {
  const { select } = request;
  return select === undefined ? allowed : allowed.filter((column) => select.includes(column.name) || key.includes(column));
}

function names(columns: readonly ColumnFacts[]): string {
  return columns.map(({ name }) => name).join(', ');
}

function refuse(status: Refusal['status'], code: string, detail: string, hint?: string): Refused {
  return new Refused({ status, code, detail, ...(hint === undefined ? {} : { hint }) });
}
