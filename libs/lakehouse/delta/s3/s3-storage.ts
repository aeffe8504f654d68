import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import { DeltaStorage, type OpenFiles, type StoredFile, type StoredText } from '../storage.ts';
import { FileCache } from './file-cache.ts';
import { translate } from './s3-failure.ts';

export interface S3Options {
  bucket: string;
  /** Keys begin with it and a slash; empty for none. */
  prefix: string;
  /** Credentials, region and endpoint come from the standard AWS settings where this doesn't say. */
  client?: S3ClientConfig;
  /** Directory of this storage's own for copies of files. */
  cacheDirectory: string;
  /** What the copies may take. */
  cacheBytes: number;
}

const MULTIPART_BYTES = 8 * 1024 * 1024;
/** S3 takes as many keys in one deletion. */
const MOST_DELETED = 1_000;
const DOWNLOADS = 8;

/** Files as objects of a bucket. `If-None-Match: *` on a put is what makes a version belong to one writer alone; a server without it is of no use here. */
export class S3Storage extends DeltaStorage {
  readonly readable: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #cache: FileCache;

  constructor({ bucket, prefix, client = {}, cacheDirectory, cacheBytes }: S3Options) {
    super();
    this.#client = new S3Client(client);
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.readable = cacheDirectory;
    this.#cache = new FileCache(cacheDirectory, cacheBytes);
  }

  path(...names: readonly string[]): string {
    return [this.#prefix, ...names].filter((name) => name !== '').join('/');
  }

  resolve(tableDirectory: string, name: string): string {
    if (!/^([a-z][a-z0-9+.-]*:|\/)/i.test(name)) return `${tableDirectory}/${decodeURIComponent(name)}`;
    const [, bucket, key] = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(decodeURIComponent(name)) ?? [];
    if (bucket === this.#bucket && key !== undefined) return key;
    throw new Failure('unsupported', 'a table in a bucket has a file elsewhere: that is not built here');
  }

  read(path: string): Promise<StoredText | undefined> {
    return translate(async () => {
      const found = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: path }));
      return { text: (await found.Body?.transformToString()) ?? '', modifiedMs: found.LastModified?.getTime() ?? 0 };
    }, undefined);
  }

  exists(path: string): Promise<boolean> {
    return translate(async () => {
      await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: path }));
      return true;
    }, false);
  }

  async list(directory: string): Promise<string[]> {
    const start = directory === '' ? '' : `${directory}/`;
    const names: string[] = [];
    for await (const page of this.#pages(start, '/')) {
      names.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(start.length)));
      names.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix.slice(start.length, -1)));
    }
    return names.filter((name) => name !== '');
  }

  async files(directory: string): Promise<StoredFile[]> {
    const found: StoredFile[] = [];
    for await (const page of this.#pages(`${directory}/`))
      found.push(
        ...(page.Contents ?? []).map(({ Key = '', LastModified }) => ({ path: Key.slice(directory.length + 1), modifiedMs: LastModified?.getTime() ?? 0 })),
      );
    return found;
  }

  async putIfAbsent(path: string, content: string): Promise<boolean> {
    await hit('delta.log-written');
    const created = await translate(async () => {
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: path, Body: content, IfNoneMatch: '*' }));
      return true;
    }, false);
    await hit('delta.log-linked');
    return created;
  }

  put(path: string, content: string): Promise<void> {
    return translate(async () => void (await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: path, Body: content }))), undefined);
  }

  async write(path: string, produce: (place: string) => Promise<boolean>): Promise<number | undefined> {
    const place = this.#cache.place();
    try {
      if (!(await produce(place))) return undefined;
      const { size } = await stat(place);
      await hit('delta.file-written');
      await translate(() => this.#upload(path, place), undefined);
      await this.#cache.keep(path, place);
      return size;
    } finally {
      await rm(place, { force: true });
    }
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  async open(paths: readonly string[]): Promise<OpenFiles> {
    const places = new Map<string, string>();
    const wanted = [...new Set(paths)];
    const release = (): void => {
      for (const path of places.keys()) this.#cache.release(path);
      places.clear();
    };
    const work = async (): Promise<void> => {
      for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
        const key = path;
        places.set(key, await this.#cache.use(key, (place) => this.#download(key, place)));
      }
    };
    const results = await Promise.allSettled(Array.from({ length: DOWNLOADS }, work));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      release();
      throw failed.reason;
    }
    const known = new Map(places);
    return { place: (path) => known.get(path) ?? '', release };
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (let from = 0; from < paths.length; from += MOST_DELETED) {
      const keys = paths.slice(from, from + MOST_DELETED);
      const result = await translate(
        () => this.#client.send(new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } })),
        undefined,
      );
      if (result?.Errors?.length)
        throw new Failure('dependency-unavailable', `${result.Errors.length} objects could not be deleted (${result.Errors[0]?.Code})`);
      for (const key of keys) await this.#cache.forget(key);
    }
  }

  /** The log from its newest entries down, version 0 last: what is left of it at any moment is an older version, or has a hole and is refused. */
  async dropTable(tableDirectory: string): Promise<void> {
    const files = (await this.files(tableDirectory)).map(({ path }) => path);
    const commits = files
      .filter((path) => /^_delta_log\/\d{20}\.json$/.test(path))
      .toSorted()
      .toReversed();
    const others = files.filter((path) => path.startsWith('_delta_log/') && !commits.includes(path));
    for (const paths of [others, commits, files.filter((path) => !path.startsWith('_delta_log/'))])
      await this.delete(paths.map((path) => `${tableDirectory}/${path}`));
  }

  tidy(): Promise<void> {
    return Promise.resolve();
  }

  async ping(): Promise<void> {
    const there = await translate(async () => {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
      return true;
    }, false);
    if (!there) throw new Failure('misconfigured', `there is no bucket ${this.#bucket}`);
  }

  close(): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }

  async *#pages(prefix: string, delimiter?: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const input = {
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const page = await translate(() => this.#client.send(new ListObjectsV2Command(input)), undefined);
      if (!page) throw new Failure('misconfigured', `there is no bucket ${this.#bucket}`);
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async #upload(path: string, place: string): Promise<void> {
    const params = { Bucket: this.#bucket, Key: path, Body: createReadStream(place) };
    await new Upload({ client: this.#client, params, partSize: MULTIPART_BYTES, queueSize: 2 }).done();
  }

  async #download(path: string, place: string): Promise<void> {
    const found = await translate(() => this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: path })), undefined);
    if (!found?.Body) throw new Failure('position-lost', 'a file of the table is deleted: the version is older than the table keeps');
    await translate(() => pipeline(found.Body as Readable, createWriteStream(place, { flags: 'wx' })), undefined);
  }
}
