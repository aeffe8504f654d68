import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { thrift as definitions } from '@databricks/sql';
import { TBinaryProtocol, TBufferedTransport } from 'thrift';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { createLogger } from '#libs/runtime/logger';
import { Catalog } from './catalog.ts';
import { selfSigned } from '../certificate.ts';
import { CliService, keyOf, refusedStatement } from './cli-service.ts';
import { Executor } from './executor.ts';
import { type Answer, RestService } from './rest-service.ts';
import { SqlError } from './sql-error.ts';
import { tablesIn } from './statement.ts';
import { tokensOf } from './tokens.ts';
import { Volumes } from './volume.ts';

/** What shall go wrong with the next requests that match. */
export interface Fault {
  /** A Thrift call (`ExecuteStatement`), or a path's beginning (`/api/2.2/jobs`). */
  on: string;
  /** Answer with this status instead of doing anything; `cut`: do it, but end the connection without an answer; `truncate`: in the middle of the answer. */
  with: number | 'cut' | 'truncate';
  retryAfter?: string;
  /** Default 1. */
  times?: number;
  /** Requests of this kind that are let pass first. Default 0. */
  after?: number;
}

export const HTTP_PATH = '/sql/1.0/warehouses/double';
export const TOKEN = 'dapi-double';
export const CATALOG = 'main';
export const VOLUME = '/Volumes/main/default/staging';

/**
 * A workspace for tests: a SQL warehouse that speaks the driver's dialect (Thrift binary protocol over HTTPS, Arrow results, staging by presigned addresses), with token
 * endpoint, Jobs and Model Serving. Tables are real Delta tables, statements run in DuckDB. It executes the statements that the adapter writes, and any query that
 * DuckDB understands once `translate.ts` has been over it; everything else is an error with a condition and a SQLSTATE.
 */
export class DatabricksDouble {
  readonly rest = new RestService();
  readonly service: CliService;
  readonly executor: Executor;
  readonly volumes: Volumes;
  readonly certificate: string;
  /** Every Thrift call and REST request, by name, in order. */
  readonly calls: string[] = [];
  /** Who sent each statement. */
  readonly statements: { user: string; sql: string; parameters: string[] }[] = [];
  /** Who opened each session, in order. */
  readonly sessions: string[] = [];
  /** `user schema.table`: what Unity Catalog lets that user not read. */
  readonly denied = new Set<string>();
  readonly #owners = new Map<string, string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #close: () => Promise<void>;
  readonly #catalog: Catalog;
  readonly #faults: (Fault & { matching?: RegExp })[] = [];

  private constructor(parts: { service: CliService; executor: Executor; volumes: Volumes; catalog: Catalog; close: () => Promise<void> }) {
    const { key, certificate } = selfSigned();
    this.service = parts.service;
    this.executor = parts.executor;
    this.volumes = parts.volumes;
    this.#catalog = parts.catalog;
    this.#close = parts.close;
    this.certificate = certificate;
    this.rest.tokens.set(TOKEN, 'service');
    this.#server = createServer({ key, cert: certificate }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start({ directResultsMs = 1_000 }: { directResultsMs?: number } = {}): Promise<DatabricksDouble> {
    const directory = mkdtempSync(join(tmpdir(), 'databricks-double-'));
    const lake = await openDeltaLakehouse({ root: join(directory, 'tables'), logger: createLogger({ service: 'double', level: 'silent' }) });
    let origin = '';
    mkdirSync(join(directory, 'work'));
    const volumes = new Volumes(join(directory, 'volumes'), ['main.default.staging'], () => origin);
    const catalog = new Catalog(CATALOG, lake);
    const executor = await Executor.open(catalog, volumes, join(directory, 'work'));
    const service = new CliService({ executor, directResultsMs });
    const close = async (): Promise<void> => {
      await service.close();
      executor.close();
      await lake.close();
      rmSync(directory, { recursive: true, force: true });
    };
    const double = new DatabricksDouble({ service, executor, volumes, catalog, close });
    await new Promise<void>((resolve) => double.#server.listen(0, 'localhost', resolve));
    origin = double.origin;
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get host(): string {
    return `localhost:${this.port}`;
  }

  get origin(): string {
    return `https://${this.host}`;
  }

  fail(fault: Fault): void {
    this.#faults.push({ times: 1, ...fault });
  }

  /** What shall go wrong with the next statement that reads so. */
  failStatement(fault: { matching: RegExp; with: Fault['with'] }): void {
    this.#faults.push({ on: 'ExecuteStatement', times: 1, ...fault });
  }

  tableNames(schema: string): string[] {
    return this.#catalog.tables(schema);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    if (url.pathname.startsWith('/presigned/')) return this.volumes.transfer(request, response);
    const body = await buffer(request);
    if (url.pathname === HTTP_PATH) return this.#thrift(request, response, body);
    this.calls.push(`${request.method} ${url.pathname}`);
    const fault = this.#faultFor((on) => url.pathname.startsWith(on));
    if (fault && fault.with !== 'truncate' && this.#answerFault(fault, response)) return;
    const answer = this.#rest(request, url, body);
    const text = JSON.stringify(answer.body);
    if (fault?.with === 'cut') return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    if (fault?.with === 'truncate') return void response.write(text.slice(0, text.length / 2), () => response.destroy());
    response.end(text);
  }

  #rest(request: IncomingMessage, url: URL, body: Buffer): Answer {
    const { authorization } = request.headers;
    if (url.pathname === '/oidc/.well-known/oauth-authorization-server') return this.rest.discovery(this.origin);
    if (url.pathname === '/oidc/v1/token') return this.rest.token(authorization, new URLSearchParams(body.toString()));
    if (this.rest.userOf(authorization) === undefined)
      return { status: 401, body: { error_code: 'UNAUTHENTICATED', message: 'Credential was not sent or was of an unsupported type.' } };
    return this.rest.call(request.method ?? 'GET', url, body.length === 0 ? undefined : JSON.parse(body.toString()));
  }

  async #thrift(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const method = body.subarray(8, 8 + body.readInt32BE(4)).toString();
    this.calls.push(method);
    const user = this.rest.userOf(request.headers.authorization);
    if (user === undefined || request.headers['content-type'] !== 'application/x-thrift') return void response.writeHead(user === undefined ? 401 : 415).end();
    const fault = this.#faultFor((on, matching) => on === method && (matching?.test(body.toString('latin1')) ?? true));
    if (fault && this.#answerFault(fault, response)) return;
    const message = await this.#process(body, user);
    if (fault?.with === 'cut') return void response.destroy();
    response.writeHead(200, { 'content-type': 'application/x-thrift', 'content-length': message.length });
    if (fault?.with === 'truncate') return void response.write(message.subarray(0, message.length / 2), () => response.destroy());
    response.end(message);
  }

  #process(body: Buffer, user: string): Promise<Buffer> {
    return new Promise((resolve) => {
      const handler = Object.assign(Object.create(this.service) as CliService, this.#asUser(user));
      const processor = new definitions.TCLIService.Processor(handler);
      const output = new TBinaryProtocol(new TBufferedTransport(undefined, resolve));
      TBufferedTransport.receiver((transport) => void processor.process(new TBinaryProtocol(transport), output))(body);
    });
  }

  /** A session is its user's: nobody else runs statements in it, and each of them is checked against the grants of that user. */
  #asUser(user: string): Pick<CliService, 'OpenSession' | 'ExecuteStatement'> {
    const { service } = this;
    return {
      OpenSession: async (request) => {
        const answer = await service.OpenSession(request);
        this.sessions.push(user);
        if (answer.sessionHandle) this.#owners.set(keyOf(answer.sessionHandle.sessionId), user);
        return answer;
      },
      ExecuteStatement: async (request) => {
        const parameters = (request.parameters ?? []).map(({ name, type, value }) => `${name}:${type}=${value?.stringValue}`);
        this.statements.push({ user, sql: request.statement, parameters });
        const key = keyOf(request.sessionHandle.sessionId);
        if ((this.#owners.get(key) ?? user) !== user) return refusedStatement(new SqlError('INVALID_SESSION', '42501', 'The session is of another user.'));
        const table =
          this.denied.size === 0
            ? undefined
            : tablesIn(tokensOf(request.statement), CATALOG).find(({ schema, name }) => this.denied.has(`${user} ${schema}.${name}`));
        if (table)
          return refusedStatement(
            new SqlError(
              'INSUFFICIENT_PERMISSIONS',
              '42501',
              `Insufficient privileges: User does not have SELECT on Table '${CATALOG}.${table.schema}.${table.name}'.`,
            ),
          );
        return service.ExecuteStatement(request);
      },
    };
  }

  #faultFor(matches: (on: string, matching: RegExp | undefined) => boolean): Fault | undefined {
    const index = this.#faults.findIndex(({ on, matching }) => matches(on, matching));
    const fault = this.#faults[index];
    if (!fault) return undefined;
    fault.after = (fault.after ?? 0) - 1;
    if (fault.after >= 0) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) this.#faults.splice(index, 1);
    return fault;
  }

  /** Whether the fault is the whole answer. */
  #answerFault(fault: Fault, response: ServerResponse): boolean {
    if (typeof fault.with !== 'number') return false;
    response.writeHead(fault.with, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }).end();
    return true;
  }
}
