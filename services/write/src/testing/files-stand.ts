import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FileValue } from '#contracts/http/files';
import type { WriteConfig } from '../write-settings.ts';
import { type ApiStand, type Ask, openApi, type Reply } from './api-stand.ts';

/** A service with a directory of files. */
export interface FilesStand extends ApiStand {
  directory: string;
  upload(bytes: string | Uint8Array, ask?: Omit<Ask, 'body'>): Promise<Reply<FileValue>>;
  /** Asks for the file of one cell of a table of the schema `app`. */
  download(table: string, column: string, key: unknown, ask?: Ask & { method?: string; query?: string }): Promise<Reply>;
}

export async function openFiles(schema: string, config: Partial<WriteConfig> = {}): Promise<FilesStand> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-files-'));
  const stand = await openApi(schema, { config: { FILES_URL: pathToFileURL(directory).href, ...config }, editsTables: true });
  const upload: FilesStand['upload'] = (body, { headers = {}, ...ask } = {}) =>
    stand.call<FileValue>('POST', '/v1/files', { ...ask, body, headers: { 'content-type': 'text/plain', ...headers } });
  const download: FilesStand['download'] = (table, column, key, { method = 'GET', query = '', ...ask } = {}) =>
    stand.call(
      method,
      `/v1/files/${encodeURIComponent(`app.${table}`)}/${encodeURIComponent(column)}?key=${encodeURIComponent(JSON.stringify(key))}${query}`,
      ask,
    );
  const stop = async (): Promise<void> => {
    await stand.stop();
    await rm(directory, { recursive: true });
  };
  return { ...stand, directory, upload, download, stop };
}
