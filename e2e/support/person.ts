import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { signIn } from '#libs/client/sign-in';
import type { Account, Shape } from './shape.ts';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
}

/** A demo account at work over HTTP. Signs in once and again when the token has expired. */
export class Person {
  readonly account: Account;
  readonly #shape: Shape;
  #token: { accessToken: string; expiresAt: number } | undefined;

  constructor(shape: Shape, role: string) {
    const account = shape.accounts[role];
    if (!account) throw new Error(`the shape has no account ${role}`);
    this.account = account;
    this.#shape = shape;
  }

  async token(): Promise<string> {
    if (!this.#token || this.#token.expiresAt < Date.now() + 30_000) {
      this.#token = await signIn({ issuer: this.#shape.issuer, username: this.account.username, password: this.account.password });
    }
    return this.#token.accessToken;
  }

  /** One request to the row API of a schema, or to a `/v1` path when it starts with a slash. */
  async call<T>(schema: string, path: string, { method = 'GET', body, headers = {} }: Call = {}): Promise<Answer<T>> {
    const base = path.startsWith('/v1/changes')
      ? this.#shape.urls.notification
      : path.startsWith('/v1/')
        ? this.#shape.urls.workflow
        : `${this.#shape.urls.write}/rest/v1/`;
    const profile: Record<string, string> = path.startsWith('/') ? {} : method === 'GET' ? { 'accept-profile': schema } : { 'content-profile': schema };
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.token()}`, ...profile, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  /** Inserts one row and gives it back; throws with the answer's body on any refusal. */
  async insert<T>(schema: string, table: string, row: Record<string, unknown>, headers: Record<string, string> = {}): Promise<T> {
    const answer = await this.call<T[]>(schema, table, { method: 'POST', body: row, headers: { prefer: 'return=representation', ...headers } });
    const [inserted] = answer.status === 201 ? answer.body : [];
    if (inserted === undefined) throw new Error(`insert into ${schema}.${table}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return inserted;
  }

  /**
   * Inserts under one idempotency key until the service acknowledges: what a careful client does while services die.
   * A refusal (4xx other than 409 "still running") is thrown.
   */
  async insertSurely<T>(schema: string, table: string, row: Record<string, unknown>, withinMs = 60_000): Promise<T> {
    const key = randomUUID();
    const deadline = Date.now() + withinMs;
    for (let last = 'nothing was tried'; ;) {
      if (Date.now() > deadline) throw new Error(`insert into ${schema}.${table} was never acknowledged: ${last}`);
      try {
        const answer = await this.call<T[]>(schema, table, { method: 'POST', body: row, headers: { prefer: 'return=representation', 'idempotency-key': key } });
        if (answer.status === 201 && answer.body[0] !== undefined) return answer.body[0];
        last = `${answer.status} ${JSON.stringify(answer.body)}`;
        if (answer.status < 500 && !(answer.status === 409 && answer.headers.has('retry-after'))) throw new Refused(last, answer.status);
      } catch (error) {
        if (error instanceof Refused) throw error;
        last = String(error);
      }
      await delay(50);
    }
  }
}

/** The service answered, and said no. */
export class Refused extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
