import { useQuery } from '@tanstack/react-query';
import type { FlowDescription } from '#contracts/http/flows';
import { ApiError } from '../api/api-error.ts';
import { type Row, selectRows } from '../api/rows.ts';
import { selectable } from '../live/case-parts.ts';
import { useLiveCases } from '../live/use-live-cases.ts';
import { type Case, caseOf, type Disposition, dispositionOf, type Recommendation, recommendationOf } from './case.ts';

export interface WholeCase {
  case: Case;
  /** Undefined when the person may not read the row. */
  subject: Row | undefined;
  recommendation: Recommendation | undefined;
  disposition: Disposition | undefined;
}

/** One case with all its parts. Read again whenever the stream says that the case has another state. */
export function useCase(flow: FlowDescription, id: string) {
  const { entries } = useLiveCases();
  const liveState = entries.find((entry) => entry.case.id === id)?.case.state;
  return useQuery({
    queryKey: ['case', flow.name, id, liveState],
    queryFn: ({ signal }) => readCase(flow, id, signal),
    placeholderData: (before) => (before?.case.id === id ? before : undefined),
  });
}

async function readCase(flow: FlowDescription, id: string, signal: AbortSignal): Promise<WholeCase> {
  const { schema, subject } = flow;
  const row = (await selectRows(schema, 'flags', new URLSearchParams({ id: `eq.${id}` }), { signal })).rows[0];
  if (!row) throw new ApiError(404, 'There is no such case, or you may not read it.');
  const found = caseOf(row, subject.reference);
  const beside = new URLSearchParams({ flag_id: `eq.${id}` });
  const [recommendation, disposition, subjects] = await Promise.all([
    readRecommendation(schema, beside, signal),
    selectRows(schema, 'dispositions', beside, { signal }),
    selectRows(schema, subject.table, new URLSearchParams({ [subject.key.column]: `eq.${String(found.subjectKey)}`, select: selectable(flow) }), { signal }),
  ]);
  return {
    case: found,
    subject: subjects.rows[0],
    recommendation: recommendation && recommendationOf(recommendation),
    disposition: disposition.rows[0] && dispositionOf(disposition.rows[0]),
  };
}

/** A role from which subject columns are hidden may not read the contributions either: then without them. */
async function readRecommendation(schema: string, query: URLSearchParams, signal: AbortSignal): Promise<Row | undefined> {
  const read = async (select: string): Promise<Row | undefined> =>
    (await selectRows(schema, 'recommendations', new URLSearchParams([...query, ['select', select]]), { signal })).rows[0];
  const columns = 'class,confidence,probabilities,model_version,created_at';
  try {
    return await read(`${columns},contributions`);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 401)) return read(columns);
    throw error;
  }
}
