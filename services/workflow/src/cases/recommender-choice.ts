/**
 * Who recommends in a flow, as its `recommender` table says; no row means `classifier`.
 * - `classifier`: the flow's own model, in this process.
 * - `served-model`: a Databricks Model Serving endpoint, asked for each case.
 * - `databricks-job`: a job is run for each case; it claims and completes the case as a worker does.
 * - `worker`: whoever claims the case over HTTP: a notebook, a script, an agent.
 */
export const RECOMMENDER_KINDS = ['classifier', 'served-model', 'databricks-job', 'worker'] as const;
export type RecommenderKind = (typeof RECOMMENDER_KINDS)[number];

export type RecommenderChoice =
  { kind: 'classifier' } | { kind: 'worker' } | { kind: 'served-model'; endpoint: string } | { kind: 'databricks-job'; jobId: number };

/** The table's row as `row_to_json` has it; its constraints hold the columns together. */
export interface RecommenderRow {
  kind: RecommenderKind;
  endpoint: string | null;
  job_id: number | null;
}

export function choiceOf(row: RecommenderRow | null): RecommenderChoice {
  switch (row?.kind) {
    case undefined:
    case 'classifier':
      return { kind: 'classifier' };
    case 'worker':
      return { kind: 'worker' };
    case 'served-model':
      return { kind: 'served-model', endpoint: row.endpoint ?? '' };
    case 'databricks-job':
      return { kind: 'databricks-job', jobId: row.job_id ?? 0 };
  }
}
