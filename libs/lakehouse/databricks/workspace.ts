import { type Clock, SystemClock } from '#libs/runtime/clock';
import type { Logger } from '#libs/runtime/logger';
import { type Credentials, ServicePrincipal, StaticToken, userCredentials } from './credentials.ts';
import { DatabricksLakehouse } from './databricks-lakehouse.ts';
import { HttpClient } from './rest/http-client.ts';
import { Jobs } from './rest/jobs.ts';
import { ModelServing } from './rest/model-serving.ts';
import { RestApi } from './rest/rest-api.ts';
import type { RetryOptions } from './retry.ts';
import type { DatabricksConnection } from './settings.ts';

export interface WorkspaceOptions {
  connection: DatabricksConnection;
  logger: Logger;
  retry?: RetryOptions;
  clock?: Clock;
  /** PEM of a certificate authority that is trusted besides the usual ones (which NODE_EXTRA_CA_CERTS does for a whole process). */
  caCertificate?: string;
  statementTimeoutMs?: number;
  inlineBytes?: number;
  /** Limit for one request, ms. Default 60,000. */
  requestTimeoutMs?: number;
  /** A user's session that nobody used for so long is closed, ms. Default 60,000. */
  userIdleMs?: number;
}

/** One Databricks workspace: its SQL warehouse as a lakehouse, its Jobs and its served models, under one identity. */
export class Workspace {
  readonly lakehouse: DatabricksLakehouse;
  readonly jobs: Jobs;
  readonly models: ModelServing;
  readonly #http: HttpClient;

  constructor({
    connection,
    logger,
    retry = {},
    clock = new SystemClock(),
    caCertificate,
    statementTimeoutMs,
    inlineBytes,
    requestTimeoutMs,
    userIdleMs,
  }: WorkspaceOptions) {
    const { host, httpPath, identity, catalog, volume } = connection;
    this.#http = new HttpClient({ host, retry, caCertificate, ...(requestTimeoutMs === undefined ? {} : { timeoutMs: requestTimeoutMs }) });
    const credentials: Credentials = 'token' in identity ? new StaticToken(identity.token) : new ServicePrincipal(this.#http, clock, identity);
    const api = new RestApi(this.#http, credentials);
    this.jobs = new Jobs(api);
    this.models = new ModelServing(api);
    this.lakehouse = new DatabricksLakehouse({
      host,
      httpPath,
      credentials,
      catalog,
      volume,
      retry,
      caCertificate,
      statementTimeoutMs,
      requestTimeoutMs,
      userCredentials: (token) => userCredentials(this.#http, clock, token),
      userIdleMs,
      logger,
      ...(inlineBytes === undefined ? {} : { inlineBytes }),
    });
  }

  async close(): Promise<void> {
    await this.lakehouse.close();
    await this.#http.close();
  }
}
