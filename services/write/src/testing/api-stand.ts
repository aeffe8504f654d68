import type { Readable } from 'node:stream';
import type { WriteConfig } from '../write-settings.ts';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from './write-app.ts';

export interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed where it is JSON; undefined else. */
  body: T;
}

export interface Ask {
  headers?: Record<string, string>;
  /** Sent as JSON unless it is text, bytes or a stream already. */
  body?: unknown;
  role?: string;
  /** Of the token, beside subject and role. */
  claims?: Record<string, unknown>;
}

/** A service over a schema of a spec's own, in a database with governance, and requests to it. */
export interface ApiStand {
  database: Awaited<ReturnType<typeof governedDatabase>>;
  service: WriteApp;
  call<T = unknown>(method: string, path: string, ask?: Ask): Promise<Reply<T>>;
  stop(): Promise<void>;
}

export interface ApiStandOptions {
  config?: Partial<WriteConfig>;
  /** With the login for DDL. */
  editsTables?: boolean;
}

export async function openApi(schema: string, { config = {}, editsTables = false }: ApiStandOptions = {}): Promise<ApiStand> {
  const database = await governedDatabase();
  await database.client.query(schema);
  const service = await startWriteApp(database.writeUrl, config, undefined, editsTables ? database.adminUrl : undefined);
  await untilReady(service.url);
  const call = async <T>(method: string, path: string, { headers = {}, body, role = 'analyst', claims = {} }: Ask = {}): Promise<Reply<T>> => {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || isStream(body);
    const authorization = `Bearer ${await service.token(role, claims)}`;
    const reply = await fetch(`${service.url}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: (raw ? body : JSON.stringify(body)) as string, duplex: 'half' }),
    });
    const text = await reply.text();
    const isJson = /^application\/([\w.+-]*\+)?json/.test(reply.headers.get('content-type') ?? '') && text !== '';
    return { status: reply.status, headers: reply.headers, text, body: (isJson ? JSON.parse(text) : undefined) as T };
  };
  const stop = async (): Promise<void> => {
    await service.stop();
    await database.drop();
  };
  return { database, service, call, stop };
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}
