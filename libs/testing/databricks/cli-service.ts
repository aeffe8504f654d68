import { randomBytes } from 'node:crypto';
import { thrift } from '@databricks/sql';
import type { LakeColumn, LakeType } from '#libs/lakehouse/lake-type';
import type { Executor } from './executor.ts';
import { guid, Operation } from './operation.ts';
import { checkParameters } from './operand-rules.ts';
import { fromDuckDb, SqlError } from './sql-error.ts';
import type { Parameter } from './translate.ts';

const { TCLIService_types: t } = thrift;
type Types = typeof t;
type In<Name extends keyof Types> = Types[Name] extends abstract new (...args: never[]) => infer T ? T : never;

interface Session {
  secret: Buffer;
  statementTimeoutMs: number | undefined;
  operations: Set<string>;
}

export interface CliServiceOptions {
  executor: Executor;
  /** How long ExecuteStatement waits for a result before it answers with a running operation, ms. */
  directResultsMs: number;
}

/** Session parameters that a SQL warehouse knows (Databricks, "Configuration parameters"), and what of them this double does. */
const SETTINGS: Readonly<Record<string, (value: string) => boolean>> = {
  TIMEZONE: (value) => value === 'UTC',
  ANSI_MODE: (value) => value === 'true',
  STATEMENT_TIMEOUT: (value) => /^\d+$/.test(value),
  QUERY_TAGS: () => true,
};

/** The calls of TCLIService, the warehouse's Thrift service (the driver's own definitions say what goes over the wire). Results are Arrow, inline, uncompressed. */
export class CliService {
  readonly #options: CliServiceOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #operations = new Map<string, Operation>();

  constructor(options: CliServiceOptions) {
    this.#options = options;
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  get openOperations(): Operation[] {
    return [...this.#operations.values()];
  }

  /** Forgets every session, as a warehouse does after a while without use. */
  expireSessions(): void {
    this.#sessions.clear();
  }

  OpenSession = async (request: In<'TOpenSessionReq'>): Promise<In<'TOpenSessionResp'>> => {
    const configuration = Object.entries(request.configuration ?? {});
    for (const [name, value] of configuration) {
      if (SETTINGS[name.toUpperCase()]?.(value) === true) continue;
      return new t.TOpenSessionResp({
        status: failed(new SqlError('CONFIG_NOT_AVAILABLE', '42K0I', `Configuration ${name} is not available.`)),
        serverProtocolVersion: VERSION,
      });
    }
    const timeout = configuration.find(([name]) => name.toUpperCase() === 'STATEMENT_TIMEOUT')?.[1];
    const [id, secret] = [guid(), randomBytes(16)];
    this.#sessions.set(id.toString('hex'), { secret, statementTimeoutMs: timeout === undefined ? undefined : Number(timeout) * 1000, operations: new Set() });
    return new t.TOpenSessionResp({
      status: OK,
      serverProtocolVersion: VERSION,
      sessionHandle: new t.TSessionHandle({ sessionId: new t.THandleIdentifier({ guid: id, secret }) }),
      canUseMultipleCatalogs: true,
    });
  };

  CloseSession = async (request: In<'TCloseSessionReq'>): Promise<In<'TCloseSessionResp'>> => {
    const key = keyOf(request.sessionHandle.sessionId);
    const session = this.#sessions.get(key);
    if (!session) return new t.TCloseSessionResp({ status: INVALID });
    for (const operation of session.operations) await this.#close(operation);
    this.#sessions.delete(key);
    return new t.TCloseSessionResp({ status: OK });
  };

  ExecuteStatement = async (request: In<'TExecuteStatementReq'>): Promise<In<'TExecuteStatementResp'>> => {
    const session = this.#sessions.get(keyOf(request.sessionHandle.sessionId));
    if (!session) return new t.TExecuteStatementResp({ status: INVALID });
    if (request.canReadArrowResult !== true || request.useArrowNativeTypes?.timestampAsArrow || request.useArrowNativeTypes?.decimalAsArrow)
      return new t.TExecuteStatementResp({
        status: failed(new SqlError('UNSUPPORTED_FEATURE', '0A000', 'This double answers in Arrow with timestamps and decimals as text.')),
      });
    const parameters = new Map((request.parameters ?? []).map((parameter): [string, Parameter] => [parameter.name ?? '', parameterOf(parameter)]));
    try {
      checkParameters(parameters.size);
    } catch (error) {
      return refusedStatement(fromDuckDb(error));
    }
    const asked = request.queryTimeout === undefined || request.queryTimeout === null ? undefined : Number(request.queryTimeout) * 1000;
    const operation = new Operation(this.#options.executor, request.statement, parameters, least(asked, session.statementTimeoutMs));
    const key = operation.id.toString('hex');
    this.#operations.set(key, operation);
    session.operations.add(key);
    const operationHandle = handleOf(operation);
    if (!request.getDirectResults) return new t.TExecuteStatementResp({ status: OK, operationHandle });
    await Promise.race([operation.settled, new Promise((resolve) => setTimeout(resolve, this.#options.directResultsMs).unref())]);
    operationHandle.hasResultSet = operation.columns.length > 0 || operation.state !== 'finished';
    const directResults = new t.TSparkDirectResults({ operationStatus: statusOf(operation) });
    if (operation.state === 'finished') {
      directResults.resultSetMetadata = this.#metadata(operation);
      directResults.resultSet = await this.#page(operation, Number(request.getDirectResults.maxRows));
      if (!operation.more) {
        directResults.closeOperation = new t.TCloseOperationResp({ status: OK });
        await this.#close(key);
      }
    }
    return new t.TExecuteStatementResp({ status: OK, operationHandle, directResults });
  };

  GetOperationStatus = async (request: In<'TGetOperationStatusReq'>): Promise<In<'TGetOperationStatusResp'>> => {
    const operation = this.#operations.get(keyOf(request.operationHandle.operationId));
    return operation ? statusOf(operation) : new t.TGetOperationStatusResp({ status: INVALID });
  };

  GetResultSetMetadata = async (request: In<'TGetResultSetMetadataReq'>): Promise<In<'TGetResultSetMetadataResp'>> => {
    const operation = this.#operations.get(keyOf(request.operationHandle.operationId));
    return operation ? this.#metadata(operation) : new t.TGetResultSetMetadataResp({ status: INVALID });
  };

  FetchResults = async (request: In<'TFetchResultsReq'>): Promise<In<'TFetchResultsResp'>> => {
    const operation = this.#operations.get(keyOf(request.operationHandle.operationId));
    if (!operation) return new t.TFetchResultsResp({ status: INVALID });
    if (operation.state !== 'finished')
      return new t.TFetchResultsResp({ status: failed(new SqlError('OPERATION_CANCELED', 'HY008', 'Operation was canceled.')) });
    return this.#page(operation, Number(request.maxRows));
  };

  CancelOperation = async (request: In<'TCancelOperationReq'>): Promise<In<'TCancelOperationResp'>> => {
    const operation = this.#operations.get(keyOf(request.operationHandle.operationId));
    if (!operation) return new t.TCancelOperationResp({ status: INVALID });
    operation.cancel();
    await this.#close(operation.id.toString('hex'));
    return new t.TCancelOperationResp({ status: OK });
  };

  CloseOperation = async (request: In<'TCloseOperationReq'>): Promise<In<'TCloseOperationResp'>> => {
    const key = keyOf(request.operationHandle.operationId);
    if (!this.#operations.has(key)) return new t.TCloseOperationResp({ status: INVALID });
    await this.#close(key);
    return new t.TCloseOperationResp({ status: OK });
  };

  async close(): Promise<void> {
    for (const key of this.#operations.keys()) await this.#close(key);
  }

  async #close(key: string): Promise<void> {
    const operation = this.#operations.get(key);
    this.#operations.delete(key);
    for (const session of this.#sessions.values()) session.operations.delete(key);
    await operation?.close();
  }

  async #page(operation: Operation, maxRows: number): Promise<In<'TFetchResultsResp'>> {
    try {
      const { bytes, rows } = await operation.fetch(maxRows);
      const arrowBatches = rows === 0 ? [] : [new t.TSparkArrowBatch({ batch: bytes, rowCount: rows })];
      return new t.TFetchResultsResp({ status: OK, hasMoreRows: operation.more, results: new t.TRowSet({ startRowOffset: 0, rows: [], arrowBatches }) });
    } catch (error) {
      return new t.TFetchResultsResp({ status: failed(fromDuckDb(error)) });
    }
  }

  #metadata(operation: Operation): In<'TGetResultSetMetadataResp'> {
    return new t.TGetResultSetMetadataResp({
      status: OK,
      schema: new t.TTableSchema({ columns: operation.columns.map(columnOf) }),
      resultFormat: t.TSparkRowSetType.ARROW_BASED_SET,
      lz4Compressed: false,
      isStagingOperation: operation.staging,
      ...(operation.encoding ? { arrowSchema: operation.encoding.schema } : {}),
    });
  }
}

const VERSION = t.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8;
const OK = new t.TStatus({ statusCode: t.TStatusCode.SUCCESS_STATUS });
const INVALID = new t.TStatus({ statusCode: t.TStatusCode.INVALID_HANDLE_STATUS, errorMessage: 'Invalid handle: it is closed, or its session has expired.' });

function failed(error: SqlError): In<'TStatus'> {
  return new t.TStatus({ statusCode: t.TStatusCode.ERROR_STATUS, sqlState: error.sqlState, errorMessage: error.message, displayMessage: error.message });
}

export function refusedStatement(error: SqlError): In<'TExecuteStatementResp'> {
  return new t.TExecuteStatementResp({ status: failed(error) });
}

function statusOf({ state, error, columns }: Operation): In<'TGetOperationStatusResp'> {
  switch (state) {
    case 'running':
      return new t.TGetOperationStatusResp({ status: OK, operationState: t.TOperationState.RUNNING_STATE });
    case 'finished':
      return new t.TGetOperationStatusResp({ status: OK, operationState: t.TOperationState.FINISHED_STATE, hasResultSet: columns.length > 0 });
    case 'canceled':
      return new t.TGetOperationStatusResp({ status: OK, operationState: t.TOperationState.CANCELED_STATE });
    case 'timed-out':
      return new t.TGetOperationStatusResp({
        status: OK,
        operationState: t.TOperationState.TIMEDOUT_STATE,
        sqlState: 'HYT00',
        displayMessage: 'Statement timed out.',
      });
    case 'failed':
      return new t.TGetOperationStatusResp({
        status: OK,
        operationState: t.TOperationState.ERROR_STATE,
        sqlState: error?.sqlState,
        errorMessage: error?.message,
        displayMessage: error?.message,
      });
  }
}

function handleOf({ id, secret }: Operation): In<'TOperationHandle'> {
  return new t.TOperationHandle({
    operationId: new t.THandleIdentifier({ guid: id, secret }),
    operationType: t.TOperationType.EXECUTE_STATEMENT,
    hasResultSet: true,
  });
}

export function keyOf({ guid }: In<'THandleIdentifier'>): string {
  return Buffer.from(guid).toString('hex');
}

function parameterOf({ type, value }: In<'TSparkParameter'>): Parameter {
  return { type: type ?? 'VOID', text: value?.stringValue ?? undefined };
}

function least(...limits: (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined && limit > 0) as number[];
  return given.length === 0 ? undefined : Math.min(...given);
}

function columnOf({ name, type }: LakeColumn, index: number): In<'TColumnDesc'> {
  const decimal = typeof type === 'object' && 'decimal' in type ? type.decimal : undefined;
  const qualifiers = decimal && {
    precision: new t.TTypeQualifierValue({ i32Value: decimal.precision }),
    scale: new t.TTypeQualifierValue({ i32Value: decimal.scale }),
  };
  const primitiveEntry = new t.TPrimitiveTypeEntry({ type: typeIdOf(type), ...(qualifiers ? { typeQualifiers: new t.TTypeQualifiers({ qualifiers }) } : {}) });
  return new t.TColumnDesc({ columnName: name, position: index + 1, typeDesc: new t.TTypeDesc({ types: [new t.TTypeEntry({ primitiveEntry })] }) });
}

/** Both kinds of timestamp are one type here, as on a warehouse: the Arrow field's metadata tells them apart. */
function typeIdOf(type: LakeType): number {
  const ids = t.TTypeId;
  if (typeof type !== 'string') {
    if ('decimal' in type) return ids.DECIMAL_TYPE;
    return type.other.startsWith('MAP') ? ids.MAP_TYPE : type.other.startsWith('ARRAY') ? ids.ARRAY_TYPE : ids.STRUCT_TYPE;
  }
  const byType = {
    string: ids.STRING_TYPE,
    long: ids.BIGINT_TYPE,
    integer: ids.INT_TYPE,
    short: ids.SMALLINT_TYPE,
    byte: ids.TINYINT_TYPE,
    float: ids.FLOAT_TYPE,
    double: ids.DOUBLE_TYPE,
    boolean: ids.BOOLEAN_TYPE,
    binary: ids.BINARY_TYPE,
    date: ids.DATE_TYPE,
    timestamp: ids.TIMESTAMP_TYPE,
    timestamp_ntz: ids.TIMESTAMP_TYPE,
  };
  return byType[type];
}
