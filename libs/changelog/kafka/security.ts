import { readFileSync } from 'node:fs';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { type Environment, flag, loadConfig } from '#libs/runtime/config';

/** How a client shows who it is, and knows the brokers. The password is for the clients alone: it is never logged. */
export interface KafkaSecurity {
  /** Absent: plain text. */
  tls?: { ca?: string };
  /** Absent: no log-in. */
  sasl?: { mechanism: SaslMechanism; username: string; password: string };
}

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
type SaslMechanism = (typeof MECHANISMS)[number];

const settings = z.object({
  KAFKA_SSL: flag.default(false).describe('TLS to the brokers'),
  KAFKA_SSL_CA: z.string().optional().describe('file of the PEM certificates that sign the brokers; unset: those of the system'),
  KAFKA_SASL_MECHANISM: z.enum(MECHANISMS).optional().describe('PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; unset: no log-in'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('name to log in with'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('its password'),
});

/** From the environment that all services share. Throws a `misconfigured` Failure that names keys, never values. */
export function kafkaSecurity(environment: Environment): KafkaSecurity {
  const config = loadConfig(settings, environment);
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  const security: KafkaSecurity = {};
  if (config.KAFKA_SSL) security.tls = config.KAFKA_SSL_CA === undefined ? {} : { ca: certificates(config.KAFKA_SSL_CA) };
  if (!mechanism) return security;
  if (!username || !password) throw new Failure('misconfigured', 'KAFKA_SASL_MECHANISM asks for KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  if (mechanism === 'PLAIN' && !security.tls)
    throw new Failure('misconfigured', 'KAFKA_SASL_MECHANISM=PLAIN sends the password as it is: set KAFKA_SSL=1, or take a SCRAM mechanism');
  return { ...security, sasl: { mechanism, username, password } };
}

/** The same in kafkajs's words. */
export function kafkajsSecurity({ tls, sasl }: KafkaSecurity = {}): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return { ...(tls ? { ssl: tls } : {}), ...(sasl ? { sasl: { ...sasl, mechanism: sasl.mechanism.toLowerCase() } as SASLOptions } : {}) };
}

function certificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('misconfigured', 'the file of KAFKA_SSL_CA cannot be read', { cause: error });
  }
}
