import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alterUserScramCredentialsV0 } from '@platformatic/kafka';
import { createLogger } from '#libs/runtime/logger';
import { startSecureKafka, type SecureKafka } from '#libs/testing/secure-kafka';
import type { StoredRecord } from '../change-log.ts';
import { Cluster } from './cluster.ts';
import { KafkaChangeLog } from './kafka-change-log.ts';
import { kafkaSecurity } from './security.ts';

const PASSWORD = 'correct horse battery';
const ITERATIONS = 4_096;
const SCRAM_SHA_512 = 2;
const lines: string[] = [];
let kafka: SecureKafka;

beforeAll(async () => {
  kafka = await startSecureKafka();
  await addUser(kafka.plain);
}, 120_000);
afterAll(async () => {
  await kafka.stop();
});

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
  return KafkaChangeLog.connect({ brokers: [kafka.secure], clientId: 'test', logger, security: kafkaSecurity(environment) });
}

const settings = (): Record<string, string> => ({
  KAFKA_SSL: '1',
  KAFKA_SSL_CA: kafka.ca,
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
