import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { z } from 'zod';
import { type CdcConfig, cdcSettings } from './cdc-config.ts';
import { CdcService, type CdcOptions } from './cdc-service.ts';
import { CaptureController } from './http/capture.controller.ts';
import { CDC_OPTIONS } from './http/cdc-options.ts';
import { SnapshotsController } from './http/snapshots.controller.ts';

/** Change data capture: Postgres → change log. Needs a config, a change log and a runtime. */
@Module({})
export class CdcModule implements OnApplicationBootstrap {
  readonly #options: CdcOptions;
  readonly #service: CdcService;

  constructor(@Inject(CDC_OPTIONS) options: CdcOptions, @Inject(CdcService) service: CdcService) {
    this.#options = options;
    this.#service = service;
  }

  /** Settings with the defaults of those that are not given. */
  static config(given: z.input<typeof cdcSettings>): CdcConfig {
    return cdcSettings.parse(given);
  }

  static register(options: CdcOptions): DynamicModule {
    return {
      module: CdcModule,
      controllers: [CaptureController, SnapshotsController],
      providers: [
        { provide: CDC_OPTIONS, useValue: options },
        { provide: CdcService, useFactory: () => new CdcService(options) },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#options.runtime.lifecycles.run([this.#service]);
  }
}
