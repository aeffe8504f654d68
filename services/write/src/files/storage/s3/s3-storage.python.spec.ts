import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { startS3, type TestS3 } from '#libs/testing/s3-server';
import { fileStorageConformance } from '../file-storage.conformance.ts';
import { S3FileStorage } from './s3-storage.ts';

let s3: TestS3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3?.stop());

const open = (bucket = s3.bucket): S3FileStorage => new S3FileStorage({ bucket, prefix: 'files', client: s3.client });

fileStorageConformance('in a bucket', () => Promise.resolve(open()));

describe('files in a bucket', () => {
  it('leave no parts of an upload that was cut off, or killed', async () => {
    const client = new S3Client(s3.client);
    const left = async (): Promise<number> => ((await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))).Uploads ?? []).length;
    const storage = open();
    const half = async function* (): AsyncGenerator<Buffer> {
      yield randomBytes(20_000_000);
      await Promise.reject(new Error('hung up'));
    };
    await expect(storage.write(randomUUID(), Readable.from(half()))).rejects.toThrow('hung up');
    expect(await left()).toBe(0);
    const id = randomUUID();
    const object = { Bucket: s3.bucket, Key: `files/${id}` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
    await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'x' }));
    expect(await left()).toBe(1);
    await storage.remove(id);
    expect(await left()).toBe(0);
    client.destroy();
    await storage.close();
  });

  it('say what is wrong with the settings', async () => {
    const storage = open('no-such-bucket');
    await expect(storage.write(randomUUID(), Readable.from([Buffer.from('x')]))).rejects.toMatchObject({ kind: 'misconfigured' });
    await storage.close();
    const nowhere = new S3FileStorage({ bucket: 'b', prefix: '', client: { ...s3.client, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 } });
    await expect(nowhere.open(randomUUID())).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    await nowhere.close();
  });
});
