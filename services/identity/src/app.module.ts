import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { Access } from './access.ts';
import { Accounts } from './accounts.ts';
import type { IdentityConfig } from './identity-config.ts';
import { loadKeys } from './keys.ts';
import { Login } from './login.ts';
import { LoginAttempts } from './login-attempts.ts';
import { mountProvider } from './mount.ts';
import { createProvider } from './provider.ts';
import { EntityStore } from './sqlite-adapter.ts';

export interface IdentityOptions {
  config: IdentityConfig;
  runtime: ServiceRuntime;
}

const OPTIONS = Symbol('IdentityOptions');

/** The built-in OpenID provider at `/oidc` (embedded default, demo cluster, tests). Makes keys, accounts and their passwords at first start. */
@Module({})
export class IdentityModule implements OnModuleInit, OnApplicationShutdown {
  readonly #options: IdentityOptions;
  readonly #host: HttpAdapterHost;
  #store: EntityStore | undefined;

  constructor(@Inject(OPTIONS) options: IdentityOptions, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#options = options;
    this.#host = host;
  }

  static register(options: IdentityOptions): DynamicModule {
    return { module: IdentityModule, providers: [{ provide: OPTIONS, useValue: options }] };
  }

  async onModuleInit(): Promise<void> {
    const { config, runtime } = this.#options;
    const directory = join(config.dataDirectory, 'identity');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [accounts, keys] = await Promise.all([Accounts.load(config), loadKeys(config.dataDirectory)]);
    const store = new EntityStore(join(directory, 'sessions.sqlite'));
    this.#store = store;
    const provider = createProvider({ config, accounts, keys, store });
    provider.on('server_error', (_context, error) => runtime.logger.error({ err: error }, 'the identity provider failed'));
    const login = new Login(provider, accounts, new LoginAttempts(runtime.clock));
    mountProvider(this.#host.httpAdapter.getInstance<FastifyInstance>(), provider, login, new Access(config.publicUrl, config.trustedPeers), config.publicUrl);
  }

  /** After the last answer. */
  onApplicationShutdown(): void {
    this.#store?.close();
  }
}
