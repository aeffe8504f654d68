import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { KafkaBroker } from '../../deploy/local/kafka-broker.ts';

/** A broker with a listener that asks for TLS and SCRAM-SHA-512 beside one that asks for nothing; it knows no user yet. */
export interface SecureKafka {
  plain: string;
  secure: string;
  /** File of the certificate that the secure listener shows, for 127.0.0.1. */
  ca: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export async function startSecureKafka(root = process.cwd()): Promise<SecureKafka> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-kafka-tls-'));
  const ca = await certify(directory);
  const [port, controller, tlsPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const secure = `127.0.0.1:${tlsPort}`;
  const broker = await KafkaBroker.start({
    root,
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
  const stop = async (): Promise<void> => {
    await broker.kill();
    await rm(directory, { recursive: true, force: true });
  };
  return { plain: broker.brokers, secure, ca, stop };
}

/** A certificate that signs itself, and the broker's file of key and certificate. */
async function certify(directory: string): Promise<string> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'ca.pem')];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...name, '-keyout', key, '-out', certificate]);
  await writeFile(join(directory, 'broker.pem'), (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')));
  return certificate;
}
