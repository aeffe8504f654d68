import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { ChangeLog } from '#libs/changelog/change-log';
import type { TokenVerifier } from '#libs/governance/token-verifier';
import type { Jobs } from '#libs/jobs/jobs';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createPool } from '#libs/postgres/pool';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from '#services/cdc/src/app.module';
import { cdcSettings } from '#services/cdc/src/cdc-config';
import { LakehouseModule } from '#services/lakehouse/src/app.module';
import { lakehouseConfig } from '#services/lakehouse/src/lakehouse-config';
import { NotificationModule } from '#services/notification/src/app.module';
import { WorkflowModule } from '#services/workflow/src/app.module';
import { WriteModule } from '#services/write/src/app.module';
import { writeSettings } from '#services/write/src/write-settings';
import { jsonText, type Artefact } from './artefact.ts';
import { bodies, type ObjectSchema, validatedClasses } from './body-schemas.ts';
import { type Handler, handlersOf } from './handlers.ts';
import { PLAIN_PATHS } from './plain-paths.ts';
import { ROW_PATHS } from './row-paths.ts';

const NOWHERE = 'postgres://nobody@127.0.0.1:1/none';

@Module({})
class EveryController {}

/** contracts/http/openapi.json: what `/v1` serves, read from the controllers themselves; and the row API, whose paths are the database's tables. */
export async function openApi(): Promise<Artefact[]> {
  const modules: DynamicModule = { module: EveryController, imports: [workflow(), notification(), cdc(), write(), lakehouse()] };
  // Preview: the modules are wired and nothing is constructed, so nothing connects.
  const app = await NestFactory.create(modules, new FastifyAdapter(), { preview: true, logger: ['error'], abortOnError: false });
  const validated = validatedClasses();
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Lakeloop')
    .setVersion('1')
    .setDescription('Rows in PostgREST’s dialect below /rest/v1, everything else below /v1. Errors below /v1 are RFC 9457 problems.')
    .addBearerAuth()
    .addSecurityRequirements('bearer');
  return [{ path: 'contracts/http/openapi.json', text: jsonText(complete(SwaggerModule.createDocument(app, settings.build()), validated, handlersOf(app))) }];
}

type Validated = Readonly<Record<string, ObjectSchema>>;

function complete(document: OpenAPIObject, validated: Validated, handlers: readonly Handler[]): unknown {
  const known = new Map(handlers.map((handler) => [handler.operationId, handler]));
  const finish = (operation: Operation): Operation => finished(operation, known.get(operation.operationId), validated);
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, methods]) => [
      path,
      Object.fromEntries(Object.entries(methods as Record<string, Operation>).map(([method, operation]) => [method, finish(operation)])),
    ]),
  );
  const named = Object.keys(document.components?.schemas ?? {});
  return {
    ...document,
    paths: { ...ROW_PATHS, ...PLAIN_PATHS, ...paths },
    components: { ...document.components, schemas: { ...document.components?.schemas, ...bodies(named, validated), Problem: PROBLEM } },
  };
}

interface Operation {
  operationId: string;
  parameters: unknown[];
  responses: Record<string, unknown>;
}

/** Every operation may answer with a problem; those that take a query say which. */
function finished({ responses, ...operation }: Operation, handler: Handler | undefined, validated: Validated): Operation {
  const problem = { description: 'A problem', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  const { properties = {}, required = [] } = validated[handler?.query ?? ''] ?? {};
  const parameters = Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }));
  const accepted = handler?.accepts ? { 202: { description: 'Begun: the answer tells where to look' } } : {};
  return { ...operation, parameters: [...operation.parameters, ...parameters], responses: { ...responses, ...accepted, default: problem } };
}

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status'],
  properties: { type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' }, hint: { type: 'string' } },
};

/** Stands for what is never asked of it here. */
function unused<T extends object>(): T {
  return {} as T;
}

function workflow(): DynamicModule {
  return WorkflowModule.register({
    config: { CDC_TOPIC_PREFIX: 'lakeloop', WORKFLOW_CONCURRENCY: 1, WORKFLOW_HOP_LIMIT: 1, WORKFLOW_RECONCILE_MS: 60_000, DB_POOL_MAX: 1 },
    connectionString: NOWHERE,
    changeLog: unused<ChangeLog>(),
    jobs: unused<Jobs>(),
    verifier: unused<TokenVerifier>(),
    runtime: createServiceRuntime('generate-workflow', { LOG_LEVEL: 'silent' }),
  });
}

function write(): DynamicModule {
  return WriteModule.register({
    config: writeSettings.parse({ DATABASE_URL: NOWHERE }),
    connectionString: NOWHERE,
    verifier: null,
    runtime: createServiceRuntime('write', { LOG_LEVEL: 'silent' }),
  });
}

function lakehouse(): DynamicModule {
  return LakehouseModule.register({
    config: lakehouseConfig({}, { topicPrefix: 'lakeloop', stagingDirectory: '.', dialect: 'duckdb' }),
    changeLog: unused<ChangeLog>(),
    lakehouse: unused<Lakehouse>(),
    pool: null,
    verifier: null,
    runtime: createServiceRuntime('generate-lakehouse', { LOG_LEVEL: 'silent' }),
  });
}

function cdc(): DynamicModule {
  return CdcModule.register({
    config: cdcSettings.parse({ DATABASE_URL: NOWHERE }),
    changeLog: unused<ChangeLog>(),
    runtime: createServiceRuntime('generate-cdc', { LOG_LEVEL: 'silent' }),
  });
}

function notification(): DynamicModule {
  return NotificationModule.register({
    config: {
      schemas: undefined,
      anonRole: undefined,
      cursorSecret: 'not a secret: nothing is sealed',
      heartbeatMs: 1_000,
      maxBufferedEvents: 10,
      maxBufferedBytes: 65_536,
      recheckMs: 1_000,
    },
    changeLog: unused<ChangeLog>(),
    pool: createPool({ connectionString: NOWHERE, name: 'generate' }),
    verifier: unused<TokenVerifier>(),
    runtime: createServiceRuntime('generate-notification', { LOG_LEVEL: 'silent' }),
    topicPrefix: 'lakeloop',
  });
}
