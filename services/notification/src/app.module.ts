import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { PRINCIPAL_GUARD_OPTIONS } from '#libs/governance/http/principal.guard';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { ChangeStreams } from './change-streams.ts';
import { ChangesController } from './changes.controller.ts';
import type { NotificationOptions } from './notification-options.ts';
import { assembleNotification, type NotificationParts } from './notification-parts.ts';

const PARTS = Symbol('notification parts');
const RUNTIME = Symbol('notification runtime');

/** Push: change streams over server-sent events. */
@Module({})
export class NotificationModule implements OnApplicationBootstrap {
  readonly #parts: NotificationParts;
  readonly #runtime: ServiceRuntime;

  constructor(@Inject(PARTS) parts: object, @Inject(RUNTIME) runtime: object) {
    this.#parts = parts as NotificationParts;
    this.#runtime = runtime as ServiceRuntime;
  }

  static register(options: NotificationOptions): DynamicModule {
    const { config, runtime, verifier } = options;
    const parts = assembleNotification(options);
    return {
      module: NotificationModule,
      controllers: [ChangesController],
      providers: [
        { provide: PARTS, useValue: parts },
        { provide: RUNTIME, useValue: runtime },
        { provide: ChangeStreams, useValue: parts.changeStreams },
        { provide: TokenVerifier, useValue: verifier },
        { provide: PRINCIPAL_GUARD_OPTIONS, useValue: config.anonRole === undefined ? {} : { anonRole: config.anonRole } },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#runtime.lifecycles.run(this.#parts.lifecycles);
  }
}
