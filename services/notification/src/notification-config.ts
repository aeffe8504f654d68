import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Environment, list, loadConfig } from '#libs/runtime/config';

/** What the service is told, besides its adapters. */
export interface NotificationConfig {
  /** Schemas whose tables may be subscribed to; undefined: all but Lakeloop's own and the system's. */
  schemas: readonly string[] | undefined;
  /** Postgres role of a request without a token; undefined: 401. */
  anonRole: string | undefined;
  /** Seals cursors: the same in every replica, stable over restarts. */
  cursorSecret: string;
  heartbeatMs: number;
  /** What a client may leave unread before it is cut off. */
  maxBufferedEvents: number;
  maxBufferedBytes: number;
  /** How often open subscriptions are held against grants and catalogue again, ms; a policy change is acted on at once. */
  recheckMs: number;
}

export const notificationSettings = z.object({
  REST_SCHEMAS: list.optional().describe('schemas whose tables may be subscribed to, comma-separated; unset: all but system schemas'),
  REST_ANON_ROLE: z.string().optional().describe('Postgres role of a request without a token; unset: 401'),
  CHANGES_CURSOR_SECRET: z
    .string()
    .min(16)
    .optional()
    .describe('seals the cursors of change streams; the same in every replica. Unset: derived from the password in DATABASE_URL'),
  CHANGES_HEARTBEAT_MS: z.coerce.number().int().min(100).default(15_000).describe('milliseconds between heartbeats of a change stream'),
  CHANGES_MAX_BUFFERED_EVENTS: z.coerce.number().int().min(10).default(4_000).describe('events that a client may leave unread before it is cut off'),
  CHANGES_MAX_BUFFERED_BYTES: z.coerce
    .number()
    .int()
    .min(65_536)
    .default(4 * 1024 * 1024)
    .describe('bytes that a client may leave unread before it is cut off'),
  CHANGES_RECHECK_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(10_000)
    .describe('milliseconds between checks of open subscriptions against grants and catalogue'),
});

/** `databaseUrl`: of the service's login; its password is what replicas have in common. */
export function notificationConfig(environment: Environment, databaseUrl: string): NotificationConfig {
  const settings = loadConfig(notificationSettings, environment);
  return {
    schemas: settings.REST_SCHEMAS,
    anonRole: settings.REST_ANON_ROLE,
    cursorSecret: settings.CHANGES_CURSOR_SECRET ?? derivedSecret(databaseUrl),
    heartbeatMs: settings.CHANGES_HEARTBEAT_MS,
    maxBufferedEvents: settings.CHANGES_MAX_BUFFERED_EVENTS,
    maxBufferedBytes: settings.CHANGES_MAX_BUFFERED_BYTES,
    recheckMs: settings.CHANGES_RECHECK_MS,
  };
}

/** Without a password cursors last as long as the process: its clients then start anew. */
function derivedSecret(databaseUrl: string): string {
  const { password } = new URL(databaseUrl);
  if (password === '') return randomBytes(32).toString('hex');
  return createHash('sha256').update(`lakeloop change cursor\0${password}`).digest('hex');
}
