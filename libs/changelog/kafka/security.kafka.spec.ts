import { execFile } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alterUserScramCredentialsV0 } from '@platformatic/kafka';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import { KafkaBroker } from '../../../deploy/local/kafka-broker.ts';
import type { StoredRecord } from '../change-log.ts';
import { Cluster } from './cluster.ts';
import { KafkaChangeLog } from './kafka-change-log.ts';
import { kafkaSecurity } from './security.ts';

const PASSWORD = 'correct horse battery';
const ITERATIONS = 4_096;
const SCRAM_SHA_512 = 2;
const lines: string[] = [];
let directory: string;
let broker: KafkaBroker;
let secure: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-kafka-tls-'));
  await certify(directory);
  const [port, controller, tlsPort] = await Promise.all([freePort(), freePort(), freePort()]);
  secure = `127.0.0.1:${tlsPort}`;
  broker = await KafkaBroker.start({
    root: process.cwd(),
    dataDirectory: join(directory, 'kafka'),
    port,
    settings: {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller},SECURE://${secure}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},SECURE://${secure}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'listener.name.secure.ssl.keystore.type': 'PEM',
      'listener.name.secure.ssl.keystore.location': join(directory, 'broker.pem'),
    },
  });
  await addUser(broker.brokers);
}, 120_000);
afterAll(async () => {
  await broker.kill();
  await rm(directory, { recursive: true, force: true });
});

/** A certificate for 127.0.0.1 that signs itself, with its key in one file. */
async function certify(at: string): Promise<void> {
  const [key, certificate] = [join(at, 'key.pem'), join(at, 'ca.pem')];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...name, '-keyout', key, '-out', certificate]);
  await writeFile(join(at, 'broker.pem'), (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')));
}

async function addUser(brokers: string): Promise<void> {
  const cluster = new Cluster([brokers], 'test');
  const salt = randomBytes(16);
  const saltedPassword = pbkdf2Sync(PASSWORD, salt, ITERATIONS, 64, 'sha512');
  const user = { name: 'capture', mechanism: SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword };
  await alterUserScramCredentialsV0.api.async(await cluster.any('admin'), [], [user]);
  await cluster.close();
}

function connect(environment: Record<string, string>): KafkaChangeLog {
  const destination = new Writable({ write: (line: Buffer, _encoding, done) => done(void lines.push(String(line))) });
  const logger = createLogger({ service: 'test', level: 'debug', destination });
  return KafkaChangeLog.connect({ brokers: [secure], clientId: 'test', logger, security: kafkaSecurity(environment) });
}

const settings = (): Record<string, string> => ({
  KAFKA_SSL: '1',
  KAFKA_SSL_CA: join(directory, 'ca.pem'),
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: 'capture',
  KAFKA_SASL_PASSWORD: PASSWORD,
});

describe('a broker that asks for TLS and SCRAM', () => {
  it('is produced to, read from and administered', async () => {
    const log = connect(settings());
    await log.ensureTopic('t', { partitions: 1, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer('p');
    await producer.append([{ topic: 't', key: Buffer.from('k'), value: Buffer.from('v'), headers: {} }]);
    const bounds = (await log.bounds('t'))[0];
    const found: StoredRecord[] = [];
    for await (const record of log.read('t', 0, bounds?.earliest ?? 0n)) {
      found.push(record);
      break;
    }
    expect(found.map(({ value }) => String(value))).toEqual(['v']);
    await producer.close();
    await log.close();
  }, 60_000);

  it.each([
    ['a wrong password', () => ({ ...settings(), KAFKA_SASL_PASSWORD: 'wrong' }), 'forbidden', 'refused the log-in'],
    ['a certificate that nobody signed', () => ({ ...settings(), KAFKA_SSL_CA: '' }), 'misconfigured', 'KAFKA_SSL_CA'],
  ] as const)(
    'lets nobody in with %s, and says so',
    async (_title, environment, kind, message) => {
      const log = connect(environment());
      await expect(log.openProducer('p')).rejects.toMatchObject({ kind, message: expect.stringContaining(message) });
      await log.close();
      expect(lines.join('\n')).not.toContain(PASSWORD);
    },
    60_000,
  );
});

describe('settings that do not go together', () => {
  it.each([
    [{ KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }, 'KAFKA_SASL_USERNAME'],
    [{ KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: PASSWORD }, 'KAFKA_SSL'],
    [{ KAFKA_SSL: '1', KAFKA_SSL_CA: '/nowhere' }, 'KAFKA_SSL_CA'],
  ])('are refused by key: %j', (environment, key) => {
    let failure: unknown;
    try {
      kafkaSecurity(environment);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ kind: 'misconfigured', message: expect.stringContaining(key) });
    expect(String(failure)).not.toContain(PASSWORD);
  });
});
