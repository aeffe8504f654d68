import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CdcService, type CdcOptions } from './cdc-service.ts';

export const CDC_OPTIONS = Symbol('CDC_OPTIONS');

/** Change data capture: Postgres → change log. Needs a config, a change log and a runtime; it has no routes of its own. */
@Module({})
export class CdcModule implements OnApplicationBootstrap {
  readonly #options: CdcOptions;

  constructor(@Inject(CDC_OPTIONS) options: CdcOptions) {
    this.#options = options;
  }

  static register(options: CdcOptions): DynamicModule {
    return { module: CdcModule, providers: [{ provide: CDC_OPTIONS, useValue: options }] };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#options.runtime.lifecycles.run([new CdcService(this.#options)]);
  }
}
