import type { WriteConfig } from '../write-settings.ts';
import { type ApiStand, type Ask, openApi, type Reply } from './api-stand.ts';

export type RowsReply = Reply;
export type RowsRequest = Ask;

/** A stand whose requests go to the row API. */
export interface RowsStand extends Omit<ApiStand, 'call'> {
  get(path: string, headers?: Record<string, string>): Promise<RowsReply>;
  send(method: string, path: string, request?: RowsRequest): Promise<RowsReply>;
}

export async function openRows(schema: string, config: Partial<WriteConfig> = {}): Promise<RowsStand> {
  const { call, ...stand } = await openApi(schema, { config });
  const send: RowsStand['send'] = (method, path, request) => call(method, `/rest/v1/${path}`, request);
  return { ...stand, send, get: (path, headers = {}) => send('GET', path, { headers }) };
}
