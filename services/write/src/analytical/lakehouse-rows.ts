import type pg from 'pg';
import type { Policy } from '#libs/governance/policy/policy';
import type { PolicySource } from '#libs/governance/policy/policy-source';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { Logger } from '#libs/runtime/logger';
import { type AnalyticalEmbed, AnalyticalLayer, type AnalyticalRead, type Relationship } from '../rows/analytical-layer.ts';
import { readAnswer } from '../rows/answer.ts';
import { ApiError } from '../rows/api-error.ts';
import type { ParsedRequest } from '../rows/compile-request.ts';
import type { RowExecutor } from '../rows/executor.ts';
import type { RowAnswer } from '../rows/row-request.ts';
import { translateSqlError } from '../rows/sql-error.ts';
import { unknownRelationship, unknownTable } from '../rows/target.ts';
import { type Access, decideAccess } from './access.ts';
import type { Admission } from './admission.ts';
import type { AnalyticalTable } from './analytical-table.ts';
import { compileLakeRead, type LakeReadRequest } from './compile/lake-query.ts';
import { abortOnClose } from './disconnect.ts';
import { relatedRows } from './embed-rows.ts';
import { LakePage } from './lake-page.ts';
import type { LakeWork, OpenRead } from './lake-work.ts';
import { compileOperands, readOperands } from './operands.ts';
import { permissionDenied, translateLakeError } from './refusals.ts';
import { findRelationship } from './relationships.ts';
import { rowSeparator, rowWriter } from './row-text.ts';
import type { AnalyticalTables } from './tables.ts';
import { typeNameIn } from './type-name.ts';

export interface LakehouseRowsOptions {
  lakehouse: Lakehouse;
  tables: AnalyticalTables;
  policies: PolicySource;
  executor: RowExecutor;
  admission: Admission;
  pool: pg.Pool;
  logger: Logger;
  timeoutMs: number;
  stallMs: number;
  /** The warehouse governs by itself: queries carry the caller's token, and tables that no policy names are its to refuse. */
  passToken: boolean;
}

/** Rows of the lakehouse in the dialect of rows. */
export class LakehouseRows extends AnalyticalLayer {
  readonly #options: LakehouseRowsOptions;

  constructor(options: LakehouseRowsOptions) {
    super();
    this.#options = options;
  }

  async has(schema: string, table: string): Promise<boolean> {
    return (await this.#find(schema, table)) !== undefined;
  }

  async read(read: AnalyticalRead): Promise<RowAnswer> {
    const { parsed } = read;
    const [embed] = parsed.query.embeds;
    if (embed) throw unknownRelationship(read.table, embed.relation);
    const table = await this.#find(read.schema, read.table);
    if (!table) throw unknownTable(read.catalogue, read.schema, read.table);
    const page = await this.open({ ...read, table, query: parsed.query, ...parsed.range });
    try {
      return await answerOf(parsed, page);
    } catch (error) {
      await page.page.close();
      throw error;
    }
  }

  async relate(request: AnalyticalEmbed): Promise<Relationship> {
    const found = await findRelationship(this.#options.pool, request);
    const table = await this.#find(found.lakeSchema, found.lakeTable);
    if (!table) throw unknownRelationship(request.of.table, request.embed.relation);
    return {
      column: found.column,
      toOne: found.toOne,
      rows: (keys) => relatedRows((work) => this.open(work), { ...request, table, column: found.lakeColumn, keys }),
    };
  }

  /** Compiles under the policy in force, waits for a place and pins the table's version. The caller closes the page. */
  async open(work: LakeWork): Promise<OpenRead> {
    const { admission, lakehouse, timeoutMs, stallMs, logger, tables } = this.#options;
    const read = compileLakeRead(await this.#prepare(work));
    const { controller, release } = abortOnClose(work.request.connection);
    let leave: (() => void) | undefined;
    try {
      leave = await work.trace.time('queue', () => admission.enter(controller.signal));
      const relation = await work.trace.time('lakehouse', () => work.table.open());
      const close = (): Promise<void> => {
        release();
        leave?.();
        return Promise.resolve();
      };
      const userToken = this.#options.passToken ? tokenOf(work) : undefined;
      return { read, page: new LakePage({ lakehouse, relation, read, controller, timeoutMs, stallMs, userToken, trace: work.trace, logger, close }) };
    } catch (error) {
      tables.forget(work.table);
      release();
      leave?.();
      throw translateLakeError(error);
    }
  }

  async #find(schema: string, table: string): Promise<AnalyticalTable | undefined> {
    try {
      return await this.#options.tables.find(schema, table);
    } catch (error) {
      throw translateLakeError(error);
    }
  }

  /** Policy and operands are PostgreSQL's to say; both are asked at once, off the analytical line. */
  async #prepare(work: LakeWork): Promise<LakeReadRequest> {
    const { caller, catalogue, table, query, trace, limit, offset, keys } = work;
    const [policy, operands] = await Promise.all([trace.time('policy', () => this.#policy()), trace.time('postgres', () => this.#operands(work))]);
    const access = this.#access(policy, work);
    if (!access) throw permissionDenied(table.name, caller.anonymous);
    const { dialect } = this.#options.lakehouse;
    const { claims } = caller.principal;
    const typeName = typeNameIn(catalogue.types);
    return { table, dialect, query, operands, access, claims, anonymous: caller.anonymous, typeName, limit, offset, ...(keys ? { keys } : {}) };
  }

  #access(policy: Policy | undefined, { table, caller }: LakeWork): Access | undefined {
    const access = decideAccess(policy, caller.principal.role, table);
    if (access || !this.#options.passToken || caller.anonymous || table.source) return access;
    const named = Object.values(policy?.roles ?? {}).some((tables) => Object.hasOwn(tables, `${table.schema}.${table.name}`));
    return named ? undefined : { mayRead: () => true, rows: [] };
  }

  async #policy(): Promise<Policy | undefined> {
    try {
      return await this.#options.policies.current();
    } catch (error) {
      throw translateSqlError(error, false);
    }
  }

  async #operands({ query, table, caller, catalogue, trace }: LakeWork): Promise<LakeReadRequest['operands']> {
    const { statement, filters } = compileOperands(query.conditions, ({ field }) => {
      const column = table.columns.get(field.column);
      if (!column) throw new ApiError(400, '42703', `column ${table.name}.${field.column} does not exist`);
      return column;
    });
    trace.statement('postgres', statement.text);
    try {
      return readOperands((await this.#options.executor.read(catalogue.governed, caller.principal, statement)).body, filters);
    } catch (error) {
      throw translateSqlError(error, caller.anonymous);
    }
  }
}

async function answerOf(parsed: ParsedRequest, { page, read }: OpenRead): Promise<RowAnswer> {
  const { answer, range, prefer, method } = parsed;
  const total = prefer.count === undefined ? null : await page.total();
  if (method === 'HEAD') return closed(page, readAnswer(parsed, { body: null, total, page: await pageOf(page, range, total) }));
  const write = rowWriter(read.outputs, answer.stripNulls);
  if (answer.body === 'object') {
    const { texts, more } = await page.head(write, { rows: 2 });
    const rows = texts.length < 2 && !more ? texts.length : await page.page();
    return closed(page, readAnswer(parsed, { body: texts[0] ?? null, total, page: rows }));
  }
  const separator = rowSeparator(answer.stripNulls);
  const head = await page.head(write);
  if (!head.more) return closed(page, readAnswer(parsed, { body: `[${head.texts.join(separator)}]`, total, page: head.texts.length }));
  const rows = await pageOf(page, range, total);
  return { ...readAnswer(parsed, { body: '', total, page: rows }), body: page.stream(head, write, separator) };
}

/** The version is pinned: with the total, the page's length is arithmetic. */
async function pageOf(page: LakePage, { limit, offset }: ParsedRequest['range'], total: number | null): Promise<number> {
  return total === null ? page.page() : Math.max(0, Math.min(limit ?? Infinity, total - offset));
}

async function closed(page: LakePage, answer: RowAnswer): Promise<RowAnswer> {
  await page.close();
  return answer;
}

function tokenOf({ request }: LakeWork): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers['authorization'] ?? '')?.[1];
}
