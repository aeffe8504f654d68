import { randomUUID } from 'node:crypto';
import { quoteIdentifier, type TableName } from '#libs/postgres/identifiers';
import type { StepPlan } from './step-plan.ts';

/** Names that stand for the table's in a plan, and that nobody else can have written. */
export function standIn(): TableName {
  return { schema: `lakeloop:schema:${randomUUID()}`, name: `lakeloop:table:${randomUUID()}` };
}

/** A plan for the table as it is called and where it lies now: it may have been renamed since, and its leftovers must be found. */
export function placed(plan: StepPlan, { schema, name }: TableName): StepPlan {
  const named = (value: unknown): unknown =>
    typeof value === 'string'
      ? value
          .replaceAll(quoteIdentifier(plan.standIn.schema), () => quoteIdentifier(schema))
          .replaceAll(quoteIdentifier(plan.standIn.name), () => quoteIdentifier(name))
      : value;
  return JSON.parse(JSON.stringify(plan), (_key, value: unknown) => named(value)) as StepPlan;
}
