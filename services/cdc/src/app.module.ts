import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { z } from 'zod';
import { type CdcConfig, cdcSettings } from './cdc-config.ts';
import { CdcService, type CdcOptions } from './cdc-service.ts';
import { CaptureController } from './http/capture.controller.ts';
import { CDC_OPTIONS } from './http/cdc-options.ts';
import { SnapshotsController } from './http/snapshots.controller.ts';

const RUNS = Symbol('CdcService runs');

/** Change data capture: Postgres → change log. Needs a config, a change log and a runtime. */
@Module({})
export class CdcModule implements OnApplicationBootstrap {
  readonly #options: CdcOptions;
  readonly #service: CdcService;
  readonly #runs: boolean;

  constructor(@Inject(CDC_OPTIONS) options: CdcOptions, @Inject(CdcService) service: CdcService, @Inject(RUNS) runs: boolean) {
    this.#options = options;
    this.#service = service;
    this.#runs = runs;
  }

  /** Settings with the defaults of those that are not given. */
  static config(given: z.input<typeof cdcSettings>): CdcConfig {
    return cdcSettings.parse(given);
  }

  /** `running`: a service of these options that runs already; without, one is made, and run once the application is there. */
  static register(options: CdcOptions, running?: CdcService): DynamicModule {
    return {
      module: CdcModule,
      controllers: [CaptureController, SnapshotsController],
      providers: [
        { provide: CDC_OPTIONS, useValue: options },
        { provide: CdcService, useFactory: () => running ?? new CdcService(options) },
        { provide: RUNS, useValue: running !== undefined },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.#runs) await this.#options.runtime.lifecycles.run([this.#service]);
  }
}
