import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import type { FlowRoles } from '../cases/definition.ts';
import type { ExceptionFlow } from '../recommend/exception-flow.ts';

/** The flows over HTTP, by name, for a caller who has one of the roles named. */
export class FlowAccess {
  readonly flows: readonly ExceptionFlow[];

  constructor(flows: readonly ExceptionFlow[]) {
    this.flows = flows;
  }

  /** 404 when there is no such flow or the caller can't read it; 403 when it may read it but not do this. */
  find(name: string, { role }: Principal, ...needed: (keyof FlowRoles)[]): ExceptionFlow {
    const flow = this.flows.find((candidate) => candidate.name === name);
    const roles = flow?.definition.roles;
    if (!flow || !roles || !Object.values(roles).some((some: readonly string[]) => some.includes(role)))
      throw new ProblemException(404, 'unknown-flow', `there is no flow ${JSON.stringify(name)}`);
    if (!needed.some((permission) => roles[permission].includes(role)))
      throw new ProblemException(403, 'forbidden', `role ${role} may not do this in ${name}`, { roles: needed.flatMap((permission) => roles[permission]) });
    return flow;
  }
}
