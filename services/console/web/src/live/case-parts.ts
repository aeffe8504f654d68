import type { FlowDescription } from '#contracts/http/flows';
import { inList, type Row, selectRows } from '../api/rows.ts';
import { type Disposition, dispositionOf, type Recommendation, recommendationOf } from '../cases/case.ts';
import { isDecided, isJudged } from '../cases/machine.ts';
import type { Case } from '../cases/case.ts';

/** What is fetched beside cases: by case id, but subjects by their key as text. */
export interface CaseParts {
  recommendations: Map<string, Recommendation>;
  dispositions: Map<string, Disposition>;
  subjects: Map<string, Row>;
  /** What was asked for and isn't there for this person: `<table> <key>`, not asked for again. */
  missing: Set<string>;
}

/** Ids in one request: a URL of about 4 kB. */
const CHUNK = 100;

/** Fetches what belongs to these cases and isn't among `known` yet. */
export async function fetchParts(flow: FlowDescription, cases: readonly Case[], known: CaseParts, signal: AbortSignal): Promise<CaseParts> {
  const { schema, subject } = flow;
  const wanted = (table: string, keys: readonly string[], have: ReadonlyMap<string, unknown>): string[] =>
    [...new Set(keys)].filter((key) => !have.has(key) && !known.missing.has(`${table} ${key}`));
  const idsIn = (has: (state: string) => boolean): string[] => cases.filter(({ state }) => has(state)).map(({ id }) => id);
  const judged = wanted(
    'recommendations',
    idsIn((state) => isJudged(flow, state)),
    known.recommendations,
  );
  const decided = wanted(
    'dispositions',
    idsIn((state) => isDecided(flow, state)),
    known.dispositions,
  );
  const keys = wanted(
    subject.table,
    cases.map(({ subjectKey }) => String(subjectKey)),
    known.subjects,
  );
  const [recommendations, dispositions, subjects] = await Promise.all([
    byColumn({ schema, table: 'recommendations', column: 'flag_id', values: judged, signal, select: 'flag_id,class,confidence,model_version,created_at' }),
    byColumn({ schema, table: 'dispositions', column: 'flag_id', values: decided, signal }),
    byColumn({ schema, table: subject.table, column: subject.key.column, values: keys, signal, select: selectable(flow) }),
  ]);
  const missing = [
    missingOf('recommendations', judged, recommendations),
    missingOf('dispositions', decided, dispositions),
    missingOf(subject.table, keys, subjects),
  ].flat();
  return {
    missing: new Set(missing),
    recommendations: new Map([...recommendations].map(([id, row]) => [id, recommendationOf(row)])),
    dispositions: new Map([...dispositions].map(([id, row]) => [id, dispositionOf(row)])),
    subjects,
  };
}

function missingOf(table: string, asked: readonly string[], found: ReadonlyMap<string, Row>): string[] {
  return asked.filter((key) => !found.has(key)).map((key) => `${table} ${key}`);
}

/** The subject's columns that this person may read: `*` would ask for hidden ones. */
export function selectable(flow: FlowDescription): string {
  return flow.subject.columns.map(({ name }) => name).join(',');
}

interface Wanted {
  schema: string;
  table: string;
  column: string;
  values: readonly string[];
  signal: AbortSignal;
  select?: string;
}

async function byColumn({ schema, table, column, values, signal, select }: Wanted): Promise<Map<string, Row>> {
  const chunks = Array.from({ length: Math.ceil(values.length / CHUNK) }, (_, index) => values.slice(index * CHUNK, (index + 1) * CHUNK));
  const found = new Map<string, Row>();
  for (const chunk of chunks) {
    const query = new URLSearchParams({ [column]: inList(chunk), ...(select === undefined ? {} : { select }) });
    for (const row of (await selectRows(schema, table, query, { signal })).rows) found.set(String(row[column]), row);
  }
  return found;
}
