import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startPython } from './python.ts';

/** An S3 server that honours conditional puts, one for a suite. */
export interface TestS3 {
  /** For an S3 client: endpoint, credentials and the rest. */
  readonly client: { endpoint: string; region: string; forcePathStyle: true; credentials: { accessKeyId: string; secretAccessKey: string } };
  readonly bucket: string;
  stop(): Promise<void>;
}

export async function startS3(root = process.cwd()): Promise<TestS3> {
  const server = await startPython('libs/testing/s3_server.py', [], root);
  if (!server.stdout) throw new Error('the S3 server has no output');
  const lines = createInterface(server.stdout);
  const ended = once(server, 'close').then(() => Promise.reject(new Error('the S3 server ended')));
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  const endpoint = `http://127.0.0.1:${Number(line)}`;
  const bucket = 'lakeloop-test';
  const made = await fetch(`${endpoint}/${bucket}`, {
    method: 'PUT',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' },
  });
  if (!made.ok) throw new Error(`the S3 server made no bucket: ${made.status}`);
  return {
    client: { endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    bucket,
    stop: async () => {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
    },
  };
}
