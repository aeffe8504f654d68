import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import type { TokenVerifier } from '#libs/governance/token-verifier';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { NotificationConfig } from './notification-config.ts';

export interface NotificationOptions {
  config: NotificationConfig;
  changeLog: ChangeLog;
  /** Of the service login `lakeloop_notification`. */
  pool: pg.Pool;
  /** Null: only `config.anonRole` is served. */
  verifier: TokenVerifier | null;
  runtime: ServiceRuntime;
  topicPrefix: string;
}
