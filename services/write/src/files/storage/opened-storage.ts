import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bucketOf } from '../storage-url.ts';
import { type ByteRange, FileStorage, type StoredBytes } from './file-storage.ts';

/** The storage that a URL names (../storage-url.ts). Its technology is loaded when it is first used. */
export class OpenedStorage extends FileStorage {
  readonly #url: string;
  #opened: Promise<FileStorage> | undefined;

  constructor(url: string) {
    super();
    this.#url = url;
  }

  async write(id: string, bytes: Readable): Promise<void> {
    return (await this.#storage()).write(id, bytes);
  }

  async open(id: string, range?: ByteRange): Promise<StoredBytes | undefined> {
    return (await this.#storage()).open(id, range);
  }

  async size(id: string): Promise<number | undefined> {
    return (await this.#storage()).size(id);
  }

  async remove(id: string): Promise<void> {
    return (await this.#storage()).remove(id);
  }

  async close(): Promise<void> {
    await (await this.#opened)?.close();
  }

  #storage(): Promise<FileStorage> {
    return (this.#opened ??= open(this.#url));
  }
}

async function open(url: string): Promise<FileStorage> {
  const bucket = bucketOf(url);
  if (bucket) {
    const { S3FileStorage } = await import('./s3/s3-storage.ts');
    return new S3FileStorage(bucket);
  }
  const { DiskStorage } = await import('./disk/disk-storage.ts');
  return new DiskStorage(fileURLToPath(url));
}
