import type { PipelineStep, Row } from '#libs/postgres/exchange';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Relation } from '../catalogue/relation.ts';
import type { ParsedRequest } from './compile-request.ts';
import { compileExpectation } from './compile/read.ts';
import type { Statement } from './compile/statement.ts';
import type { Answer } from './media-type.ts';
import type { Preferences } from './prefer.ts';
import type { RowAnswer } from './row-request.ts';

/** Asks the planner how many rows there are. */
export function expectation({ query }: Pick<ParsedRequest, 'query'>, relation: Relation, catalogue: Catalogue): PipelineStep {
  const { text, parameters } = compileExpectation({ relation, catalogue, query });
  return { text, values: parameters };
}

/** `planned`: what the planner expects. `estimated`: the number itself up to the most rows of an answer, and beyond those, or without such a bound, whichever is more. */
export function estimatedTotal(
  count: Preferences['count'],
  total: number | null,
  after: readonly (readonly Row[])[],
  maxRows: number | undefined,
): number | null {
  if (count !== 'planned' && count !== 'estimated') return total;
  const expected = expectedRows(after[0]?.[0]?.[0] ?? null);
  if (count === 'planned') return expected;
  return total !== null && (maxRows === undefined || total > maxRows) ? Math.max(total, expected ?? 0) : total;
}

function expectedRows(explained: string | null): number | null {
  if (explained === null) return null;
  const [{ Plan: plan } = { Plan: undefined }] = JSON.parse(explained) as { Plan?: { 'Plan Rows'?: number } }[];
  return plan?.['Plan Rows'] ?? null;
}

/** A statement's plan instead of its rows: the statement runs only where `analyze` is asked for. */
export function planStep({ text, parameters }: Statement, { format, options }: NonNullable<Answer['plan']>): PipelineStep {
  return { text: `explain (${[`format ${format}`, ...options].join(', ')}) ${text}`, values: parameters };
}

/** What stands for the statement whose plan is asked for. */
export const NO_ROWS: Statement = {
  text: `select ''::pg_catalog.text as body, null::pg_catalog.int8 as total, 0::pg_catalog.int8 as page, null::pg_catalog.json as extra`,
  parameters: [],
};

export function planAnswer({ answer }: Pick<ParsedRequest, 'answer'>, after: readonly (readonly Row[])[]): RowAnswer {
  const lines = (after[0] ?? []).map(([line]) => line ?? '');
  return { status: 200, headers: { 'content-type': answer.contentType }, body: `${lines.join('\n')}\n` };
}
