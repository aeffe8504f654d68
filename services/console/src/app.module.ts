import { type DynamicModule, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { AuthController, CONSOLE_LOGGER } from './auth.controller.ts';
import { bearerHook } from './bearer-hook.ts';
import type { ConsoleConfig } from './console-config.ts';
import { FreshTokens } from './fresh-tokens.ts';
import { RelyingParty } from './relying-party.ts';
import { registerSessionCookie, SessionCookie } from './session-cookie.ts';
import { sessionKey } from './session-key.ts';
import { SignInSession } from './sign-in-session.ts';
import { proxyUpstreams } from './upstream-proxy.ts';
import { isBuilt, serveWebApp } from './web-app.ts';

export interface ConsoleOptions {
  config: ConsoleConfig;
  runtime: ServiceRuntime;
}

const OPTIONS = Symbol('ConsoleOptions');

interface Parts {
  cookie: SessionCookie;
  tokens: FreshTokens;
  issuer: RelyingParty;
  publicUrl: string;
}
const PARTS = Symbol('ConsoleParts');

/**
 * The console: the web app, sign-in for it, and the hook that lends API requests their person's token. In the cluster it
 * also hands these requests on to the services; embedded, the services share its process and the hook is all that is needed.
 */
@Module({})
export class ConsoleModule implements OnModuleInit {
  readonly #options: ConsoleOptions;
  readonly #parts: Parts;
  readonly #host: HttpAdapterHost;

  constructor(@Inject(OPTIONS) options: ConsoleOptions, @Inject(PARTS) parts: Parts, @Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#options = options;
    this.#parts = parts;
    this.#host = host;
  }

  static register(options: ConsoleOptions): DynamicModule {
    return {
      module: ConsoleModule,
      controllers: [AuthController],
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: CONSOLE_LOGGER, useValue: options.runtime.logger },
        { provide: PARTS, inject: [HttpAdapterHost], useFactory: (host: HttpAdapterHost) => assemble(options, host) },
        { provide: SignInSession, inject: [PARTS], useFactory: (parts: Parts) => new SignInSession(parts) },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    const { config, runtime } = this.#options;
    const app = this.#host.httpAdapter.getInstance<FastifyInstance>();
    await registerSessionCookie(app, await sessionKey(config.sessionKey), config.publicUrl);
    app.addHook('onRequest', bearerHook(this.#parts));
    if (config.upstreams) await proxyUpstreams(app, config.upstreams);
    await serveWebApp(app, config.webRoot);
    runtime.health.register('console', async () => {
      const ready = await isBuilt(config.webRoot);
      return ready ? { ready } : { ready, detail: `${config.webRoot} has no index.html: build the console` };
    });
  }
}

function assemble({ config, runtime }: ConsoleOptions, host: HttpAdapterHost): Parts {
  const issuer = new RelyingParty(config, runtime.clock);
  const cookie = new SessionCookie(host.httpAdapter.getInstance<FastifyInstance>());
  return { issuer, cookie, tokens: new FreshTokens(issuer, runtime.clock), publicUrl: config.publicUrl };
}
