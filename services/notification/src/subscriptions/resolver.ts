import type pg from 'pg';
import type { Principal } from '#libs/governance/principal';
import { type Access, decideAccess } from './access.ts';
import { fingerprint } from './fingerprint.ts';
import { loadTableFacts } from './load-table-facts.ts';
import type { PolicySource } from '#libs/governance/policy/policy-source';
import { Refused } from './refusal.ts';
import { compileView } from './row-filters.ts';
import type { SubscriptionRequest } from './subscription-request.ts';
import type { View } from './view.ts';

/** A request, held against catalogue and policy. */
export interface ResolvedSubscription {
  request: SubscriptionRequest;
  principal: Principal;
  access: Access;
  view: View;
  fingerprint: string;
}

/** Never exposed, whatever a role may read. */
const OWN_SCHEMAS = new Set(['lakeloop', 'audit', 'pg_catalog', 'information_schema', 'pg_toast']);

/** Decides who sees what. */
export class SubscriptionResolver {
  readonly #policies: PolicySource;
  readonly #schemas: ReadonlySet<string> | undefined;

  /** `schemas`: those exposed; undefined: all but our own and the system's. */
  constructor(policies: PolicySource, schemas: readonly string[] | undefined) {
    this.#policies = policies;
    this.#schemas = schemas && new Set(schemas);
  }

  /** `client`: in a transaction under the principal's role. Throws `Refused` or `FilterError`. */
  async resolve(client: pg.ClientBase, principal: Principal, request: SubscriptionRequest): Promise<ResolvedSubscription> {
    this.#checkSchema(request);
    const policy = await this.#policies.current();
    const facts = await loadTableFacts(client, request.schema, request.table);
    const access = decideAccess(request, principal.role, facts, policy);
    return { request, principal, access, view: compileView(access, principal.claims), fingerprint: fingerprint(access, principal.claims) };
  }

  #checkSchema({ schema, table }: SubscriptionRequest): void {
    const exposed = this.#schemas ? this.#schemas.has(schema) : !OWN_SCHEMAS.has(schema);
    if (!exposed || OWN_SCHEMAS.has(schema)) throw new Refused({ status: 404, code: 'unknown-table', detail: `there is no table ${schema}.${table}` });
  }
}
