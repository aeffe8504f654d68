import type { TestDatabase } from '#libs/testing/postgres';
import type { WriteConfig } from '../write-settings.ts';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from './write-app.ts';

export interface RowsReply {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed where it is JSON; undefined else. */
  body: unknown;
}

export interface RowsRequest {
  headers?: Record<string, string>;
  /** Sent as JSON unless it is text or bytes already. */
  body?: unknown;
  role?: string;
}

/** A service over a schema of a spec's own, in a database with governance, and requests to it. */
export interface RowsStand {
  database: TestDatabase & { writeUrl: string };
  service: WriteApp;
  get(path: string, headers?: Record<string, string>): Promise<RowsReply>;
  send(method: string, path: string, request?: RowsRequest): Promise<RowsReply>;
  stop(): Promise<void>;
}

export async function openRows(schema: string, config: Partial<WriteConfig> = {}): Promise<RowsStand> {
  const database = await governedDatabase();
  await database.client.query(schema);
  const service = await startWriteApp(database.writeUrl, config);
  await untilReady(service.url);
  const send: RowsStand['send'] = async (method, path, { headers = {}, body, role = 'analyst' } = {}) => {
    const payload = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const authorization = `Bearer ${await service.token(role)}`;
    const reply = await fetch(`${service.url}/rest/v1/${path}`, {
      method,
      headers: { authorization, ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers } as Record<string, string>,
      ...(payload === undefined ? {} : { body: payload as string }),
    });
    const text = await reply.text();
    const isJson = /^application\/([\w.+-]*\+)?json/.test(reply.headers.get('content-type') ?? '') && text !== '';
    return { status: reply.status, headers: reply.headers, text, body: isJson ? (JSON.parse(text) as unknown) : undefined };
  };
  const stop = async (): Promise<void> => {
    await service.stop();
    await database.drop();
  };
  return { database, service, send, get: (path, headers = {}) => send('GET', path, { headers }), stop };
}
