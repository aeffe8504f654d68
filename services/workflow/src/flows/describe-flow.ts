import type { FlowDescription } from '#contracts/http/flows';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { CASE_MACHINE } from '../cases/machine.ts';

/** The definition as a console needs it, for one role: columns it doesn't see are not named. */
export function describeFlow(definition: ExceptionFlowDefinition, role: string): FlowDescription {
  const { name, title, schema, subject, labels, roles, restrictions } = definition;
  const hidden = new Set(restrictions[role]?.hidden ?? []);
  return {
    name,
    title,
    schema,
    subject: {
      table: subject.table,
      key: subject.key,
      reference: subject.reference,
      columns: subject.columns
        .filter((column) => !hidden.has(column.name))
        .map((column) => ({ name: column.name, type: column.type, ...(column.title ? { title: column.title } : {}) })),
      correctable: subject.correctable.filter((column) => !hidden.has(column)),
      summary: subject.summary.filter((column) => !hidden.has(column)),
    },
    labels: labels.map((label) => ({ class: label.class, title: label.title })),
    roles: { flag: [...roles.flag], approve: [...roles.approve], read: [...roles.read], work: [...roles.work], administer: [...roles.administer] },
    machine: CASE_MACHINE,
  };
}
