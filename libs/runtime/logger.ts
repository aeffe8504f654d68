import { pino, type Logger as PinoLogger } from 'pino';

/** JSON lines on stdout; `child({...})` adds fields. Keys named below are never printed. */
export type Logger = PinoLogger;

const SECRET_KEYS = [
  'password',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'authorization',
  'cookie',
  'secret',
  'client_secret',
  'connectionString',
  'url',
];

export interface LoggerOptions {
  /** Name of the service, in every line. */
  service: string;
  /** pino level; default `info`. */
  level?: string;
  /** Where lines go; default stdout. */
  destination?: NodeJS.WritableStream;
}

export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const redacted = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  const options = { level, base: { service }, redact: { paths: redacted, censor: '[redacted]' }, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return destination ? pino(options, destination) : pino(options);
}
