import { type DynamicModule, Module, type Type, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServiceRuntime } from '../service-runtime.ts';
import { answerClientError, answerRouterError } from './client-error.ts';
import { NestLogger } from './nest-logger.ts';
import { OperationsController, SERVICE_RUNTIME } from './operations.controller.ts';
import { answerOtherMethods } from './other-methods.ts';
import { ProblemFilter } from './problem.filter.ts';

export interface HttpAppOptions {
  runtime: ServiceRuntime;
  /** The service; or the modules of several. */
  module: DynamicModule | Type;
  /** Largest body, bytes; default 10 MiB. */
  bodyLimit?: number;
  /** Called before the app starts: plugins, hooks. */
  configure?: (app: NestFastifyApplication) => void | Promise<void>;
}

@Module({})
class HttpRootModule {}

/** A Nest application on Fastify with health, metrics, problem+json errors and validated DTOs; initialised, not yet listening. */
export async function createHttpApp({ runtime, module, bodyLimit = 10 * 1024 * 1024, configure }: HttpAppOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit,
    trustProxy: 'loopback',
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerRouterError,
  });
  answerOtherMethods(adapter.getInstance());
  const root: DynamicModule = {
    module: HttpRootModule,
    imports: [module],
    controllers: [OperationsController],
    providers: [{ provide: SERVICE_RUNTIME, useValue: runtime }],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: new NestLogger(runtime.logger),
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useGlobalFilters(new ProblemFilter(runtime.logger));
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  await configure?.(app);
  await app.init();
  await adapter.getInstance().ready();
  return app;
}
