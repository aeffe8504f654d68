import type { PipelineStep, Row } from '#libs/postgres/exchange';
import { quoteIdentifier } from '#libs/postgres/identifiers';

/** What surrounds a statement beside its role and claims. */
export interface Session {
  /** Settings until the transaction ends. */
  settings: readonly (readonly [name: string, value: string])[];
  /** Complete SQL of a function that is called before the statement. */
  preRequest?: string;
  /** Whether what the statement left in `response.status` and `response.headers` is read. */
  respond: boolean;
  /** Statements that follow: an EXPLAIN. */
  also: readonly PipelineStep[];
  /** Nothing of it is kept. */
  rollback: boolean;
}

/** A governed request to a table of the default schema: nothing but role, claims and the statement. */
export const PLAIN: Session = { settings: [], respond: false, also: [], rollback: false };

/** PostgREST's names of what a request says, for functions, triggers and policies to read by `current_setting`. */
export interface RequestFacts {
  method: string;
  /** Below the API's root, as it came. */
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
}

export function requestSettings({ method, path, headers }: RequestFacts): [string, string][] {
  const { cookie, ...others } = headers;
  return [
    ['request.method', method],
    ['request.path', path],
    ['request.headers', JSON.stringify(others)],
    ['request.cookies', JSON.stringify(cookiesOf(cookie))],
  ];
}

function cookiesOf(header: string | undefined): Record<string, string> {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.filter(([name]) => name !== '').map(([name = '', ...value]) => [name, value.join('=')]));
}

export function searchPath(schemas: readonly string[]): string {
  return [...new Set(schemas)].map(quoteIdentifier).join(', ');
}

/** Steps that come before the statement and after it. */
export function stepsOf({ settings, preRequest, respond, also }: Session): { before: PipelineStep[]; after: PipelineStep[] } {
  const before: PipelineStep[] = [];
  if (settings.length > 0) {
    const text = `select ${settings.map((_setting, index) => `pg_catalog.set_config($${2 * index + 1}, $${2 * index + 2}, true)`).join(', ')}`;
    before.push({ name: `lakeloop.settings-${settings.length}`, text, values: settings.flat() });
  }
  if (preRequest !== undefined) before.push({ text: `select ${preRequest}()`, values: [] });
  return { before, after: [...also, ...(respond ? [RESPONSE] : [])] };
}

const RESPONSE: PipelineStep = {
  name: 'lakeloop.response',
  text: `select nullif(pg_catalog.current_setting('response.status', true), ''), nullif(pg_catalog.current_setting('response.headers', true), '')`,
  values: [],
};

/** What a statement left for its answer. */
export interface Left {
  status: string | null;
  headers: string | null;
}

export function leftBehind({ respond }: Session, after: readonly (readonly Row[])[]): Left | undefined {
  if (!respond) return undefined;
  const [status = null, headers = null] = after.at(-1)?.[0] ?? [];
  return { status, headers };
}
