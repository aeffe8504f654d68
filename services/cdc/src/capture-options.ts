import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { CdcConfig } from './cdc-config.ts';
import type { ColumnRules } from './change/column-rules.ts';
import type { MessageKeys } from './change/message-keys.ts';
import type { CdcMetrics } from './metrics.ts';
import type { TableTopics } from './publish/table-topics.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { TablePatterns } from './source/table-patterns.ts';

/** What one capture is given. */
export interface CaptureOptions {
  config: CdcConfig;
  changeLog: ChangeLog;
  runtime: ServiceRuntime;
  /** Connections beside the stream: catalogue, slot, publication. */
  pool: pg.Pool;
  patterns: TablePatterns;
  topics: TableTopics;
  rules: ColumnRules;
  keys: MessageKeys;
  metrics: CdcMetrics;
  /** Told that a live leader holds the slot, and of anything else worth showing meanwhile. */
  onStandby: (detail: string) => void;
  /** Told of every step of a snapshot. */
  onSnapshot?: (snapshot: Snapshot) => void;
  /** Ends waiting. */
  signal: AbortSignal;
}
