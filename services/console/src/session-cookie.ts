import secureSession from '@fastify/secure-session';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Failure } from '#libs/failure/failure';
import type { PendingSignIn, SignedIn } from './signed-in.ts';

const DAYS_14 = 14 * 86_400;
/** Browsers drop a cookie beyond 4,096 bytes, name and attributes included. */
const LIMIT = 3_900;

/** Registers the sealed cookie. Its name has the port, because cookies do not tell ports apart. */
export async function registerSessionCookie(app: FastifyInstance, key: Buffer, publicUrl: string): Promise<void> {
  const url = new URL(publicUrl);
  const cookieName = url.port === '' ? 'lakeloop_session' : `lakeloop_session_${url.port}`;
  await app.register(secureSession, {
    key,
    cookieName,
    expiry: DAYS_14,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: url.protocol === 'https:', maxAge: DAYS_14 },
  });
}

/** What a request's session cookie says, with its two kinds of content named. */
export class SessionCookie {
  readonly #app: FastifyInstance;

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  signedIn(request: FastifyRequest): SignedIn | undefined {
    return request.session.get('signedIn') as SignedIn | undefined;
  }

  pending(request: FastifyRequest): PendingSignIn | undefined {
    return request.session.get('pending') as PendingSignIn | undefined;
  }

  begin(request: FastifyRequest, pending: PendingSignIn): void {
    request.session.set('pending' as never, pending as never);
  }

  /** Throws `misconfigured` when the issuer's tokens do not fit into a cookie. */
  keep(request: FastifyRequest, signedIn: SignedIn): void {
    const { idToken: _idToken, ...smaller } = signedIn;
    const fitting = [signedIn, smaller].find((candidate) => this.#size(candidate) <= LIMIT);
    if (!fitting) throw new Failure('misconfigured', `the issuer's tokens do not fit into a cookie of ${LIMIT} bytes: have it issue smaller access tokens`);
    request.session.regenerate();
    request.session.set('signedIn' as never, fitting as never);
  }

  clear(request: FastifyRequest): void {
    request.session.delete();
  }

  #size(signedIn: SignedIn): number {
    return this.#app.encodeSecureSession(this.#app.createSecureSession({ signedIn })).length;
  }
}
