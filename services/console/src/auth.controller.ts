import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '#libs/runtime/logger';
import { returnPath } from './return-path.ts';
import { SignInSession } from './sign-in-session.ts';
import type { SessionUser } from './signed-in.ts';

export const CONSOLE_LOGGER = Symbol('ConsoleLogger');

/** Sign-in, sign-out and who is signed in, for the web app. */
@Controller('auth')
export class AuthController {
  readonly #session: SignInSession;
  readonly #logger: Logger;

  constructor(@Inject(SignInSession) session: SignInSession, @Inject(CONSOLE_LOGGER) logger: Logger) {
    this.#session = session;
    this.#logger = logger;
  }

  /** To the issuer; afterwards back to `returnTo`, a path of the console. */
  @Get('login')
  async login(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Query('returnTo') returnTo?: string): Promise<void> {
    const path = returnPath(returnTo);
    const elsewhere = this.#session.canonical(request, `/auth/login?${new URLSearchParams({ returnTo: path })}`);
    await reply.redirect(elsewhere ?? (await this.#session.begin(request, path)), 303);
  }

  @Get('callback')
  async callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    try {
      await reply.redirect(await this.#session.complete(request), 303);
    } catch (error) {
      this.#logger.warn({ err: error }, 'sign-in did not complete');
      await reply.redirect('/sign-in?failed', 303);
    }
  }

  /** 200 with `user: null` when nobody is signed in: not an error, the first thing that the web app asks. */
  @Get('session')
  async session(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const signedIn = await this.#session.current(request);
    const body: { user: SessionUser | null; expiresAt: number | null } = { user: signedIn?.user ?? null, expiresAt: signedIn?.expiresAt ?? null };
    await reply.header('cache-control', 'no-store').send(body);
  }

  @Get('logout')
  async logout(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await reply.redirect(await this.#session.end(request), 303);
  }
}
