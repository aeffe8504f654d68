import type { UndoProgress, UndoReport } from '#contracts/http/history';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import type { AgentReads } from '../audit/agent-reads.ts';
import type { Asking } from '../asking.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { governedCatalogue } from '../governed-catalogue.ts';
import { withSqlProblems } from '../sql-problem.ts';
import { compareVersions } from './compare.ts';
import { recordedKey } from './recorded-key.ts';
import { goneOf, orGone } from './retention.ts';
import type { CompareRequest, HistoryRequest, OfSchema, RestoreRequest } from './history-requests.ts';
import { changeJson, historyOf } from './row-history.ts';
import { type TableFacts, tableFacts } from './table-facts.ts';
import type { Undoable } from './undo-changes.ts';
import { UndoRun } from './undo-run.ts';
import type { UndoAsked, UndoRuns } from './undo-runs.ts';
import { restore, type UndoStand } from './undo.ts';

const DEFAULT_LIMIT = 50;

export interface HistoryParts {
  stand: UndoStand;
  undos: UndoRuns;
  catalogue: CatalogueCache;
  reads: AgentReads;
}

/** What the history controller asks: tables by the names that are exposed, answers as it sends them, and what Postgres refuses as problems. */
export class HistoryRooms {
  readonly #stand: UndoStand;
  readonly #undos: UndoRuns;
  readonly #catalogue: CatalogueCache;
  readonly #reads: AgentReads;

  constructor({ stand, undos, catalogue, reads }: HistoryParts) {
    this.#stand = stand;
    this.#undos = undos;
    this.#catalogue = catalogue;
    this.#reads = reads;
  }

  /** `historyPage` of contracts/http/history.ts, as JSON text. An agent's read is on record before it is answered. */
  page({ principal, context }: Asking, table: string, query: HistoryRequest): Promise<string> {
    return withSqlProblems(async () => {
      const facts = await this.#facts(principal, table, query);
      const key = query.key === undefined ? undefined : await recordedKey(this.#stand.pool, facts, query.key);
      const { before, actor, since, until, limit = DEFAULT_LIMIT } = query;
      const { changes, next } = await historyOf(this.#stand, principal, facts, { key, before, actor, since, until, limit });
      const members = changes.map((change) => changeJson(facts, change)).join(',');
      const gone = next === undefined ? (await goneOf(this.#stand.pool, [facts.adoptedId])).get(facts.adoptedId)?.before : undefined;
      const end = JSON.stringify({ next: next ?? null, goneBefore: gone ?? null }).slice(1);
      const body = `{"table":${JSON.stringify(`${facts.schema}.${facts.name}`)},"changes":[${members}],${end}`;
      return this.#seenBy({ principal, context }, facts, { query: `history${key === undefined ? '' : '?key=?'}`, rows: changes.length }, body);
    });
  }

  /** `versionDiff` of contracts/http/history.ts, as JSON text. */
  compare({ principal, context }: Asking, table: string, query: CompareRequest): Promise<string> {
    return withSqlProblems(async () => {
      const facts = await this.#facts(principal, table, query);
      const key = await recordedKey(this.#stand.pool, facts, query.key);
      const { from, to } = query;
      const body = await orGone(this.#stand.pool, facts.adoptedId, [from, to], () => compareVersions(this.#stand, principal, { facts, key, from, to }));
      return this.#seenBy({ principal, context }, facts, { query: 'history/compare?key=?', rows: 2 }, body);
    });
  }

  restore(table: string, body: RestoreRequest, { principal, context }: Asking): Promise<UndoReport> {
    return withSqlProblems(async () => {
      const facts = await this.#facts(principal, table, body);
      const asked = { principal, context, force: body.latest === undefined, dryRun: body.dryRun === true, run: new UndoRun() };
      const key = await recordedKey(this.#stand.pool, facts, body.key);
      const { change, latest } = body;
      return orGone(this.#stand.pool, facts.adoptedId, [change], () => restore(this.#stand, { facts, key, change, latest }, asked));
    });
  }

  /** The report, or how far it is where that takes longer than the caller waits. */
  undo(what: Undoable, asked: UndoAsked): Promise<UndoReport | UndoProgress> {
    return this.#undos.begin(what, asked);
  }

  undoProgress({ principal }: Asking, id: string): Promise<UndoProgress> {
    return this.#undos.find(id, principal);
  }

  cancelUndo({ principal }: Asking, id: string): Promise<UndoProgress> {
    return this.#undos.cancel(id, principal);
  }

  /** What an agent is about to see is on record first. */
  async #seenBy({ principal, context }: Asking, { schema, name }: TableFacts, read: { query: string; rows: number }, body: string): Promise<string> {
    const { agent } = principal;
    if (agent !== undefined) await this.#reads.recordSeen({ principal, context, agent, home: 'postgres', schema, table: name, ...read }, body);
    return body;
  }

  async #facts({ role }: Principal, name: string, { schema }: OfSchema): Promise<TableFacts> {
    const catalogue = governedCatalogue(this.#catalogue);
    const home = schema ?? catalogue.schemas[0] ?? '';
    if (!catalogue.schemas.includes(home))
      throw new ProblemException(404, 'unknown-table', `the schema ${home} is not exposed`, { schemas: catalogue.schemas });
    const [facts] = await tableFacts(this.#stand.pool, role, { schema: home, name });
    return facts as TableFacts;
  }
}
