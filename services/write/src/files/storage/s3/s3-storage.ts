import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { Failure } from '#libs/failure/failure';
import { translate } from '#libs/lakehouse/delta/s3/s3-failure';
import { type ByteRange, FileStorage, type StoredBytes } from '../file-storage.ts';

export interface S3FilesOptions {
  bucket: string;
  /** Keys begin with it and a slash; empty for none. */
  prefix: string;
  /** Credentials, region and endpoint come from the standard AWS settings where this doesn't say. */
  client?: S3ClientConfig;
}

/** What an upload holds in memory is this, twice. S3 takes 10,000 parts: 80 GB. */
const PART_BYTES = 8 * 1024 * 1024;

/** Files as objects of a bucket. An object is there when its last part was taken, never before. */
export class S3FileStorage extends FileStorage {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix, client = {} }: S3FilesOptions) {
    super();
    this.#client = new S3Client(client);
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async write(id: string, bytes: Readable): Promise<void> {
    const upload = new Upload({ client: this.#client, params: { ...this.#object(id), Body: bytes }, partSize: PART_BYTES, queueSize: 1 });
    try {
      const done = await translate(() => upload.done(), undefined);
      if (!done) throw new Failure('misconfigured', `there is no bucket ${this.#bucket}: see FILES_URL`);
    } catch (error) {
      // What ended the stream is the reason, whatever the client made of it.
      throw bytes.errored ?? error;
    }
  }

  async open(id: string, range?: ByteRange): Promise<StoredBytes | undefined> {
    const input = { ...this.#object(id), ...(range ? { Range: `bytes=${range.first}-${range.last}` } : {}) };
    const found = await translate(() => this.#client.send(new GetObjectCommand(input)), undefined);
    if (!(found?.Body instanceof Readable)) return undefined;
    const whole = /\/(\d+)$/.exec(found.ContentRange ?? '')?.[1] ?? found.ContentLength;
    return { size: Number(whole), body: found.Body };
  }

  async size(id: string): Promise<number | undefined> {
    return (await translate(() => this.#client.send(new HeadObjectCommand(this.#object(id))), undefined))?.ContentLength;
  }

  async remove(id: string): Promise<void> {
    const object = this.#object(id);
    await translate(() => this.#client.send(new DeleteObjectCommand(object)), undefined);
    // Parts of an upload that was killed.
    const begun = await translate(() => this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: object.Key })), undefined);
    for (const { UploadId } of begun?.Uploads ?? [])
      await translate(() => this.#client.send(new AbortMultipartUploadCommand({ ...object, UploadId })), undefined);
  }

  close(): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }

  #object(id: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: [this.#prefix, id].filter((part) => part !== '').join('/') };
  }
}
