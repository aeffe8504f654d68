import { z } from 'zod';
import { type Environment, loadConfig } from '#libs/runtime/config';

export const lakehouseSettings = z.object({
  LAKEHOUSE_FLUSH_MS: z.coerce
    .number()
    .int()
    .min(50)
    .optional()
    .describe('how long changes may wait for more before they are written; unset: 2,000, on Databricks 60,000'),
  LAKEHOUSE_FLUSH_ROWS: z.coerce.number().int().min(1).max(5_000_000).default(200_000).describe('changes that are written without waiting'),
  LAKEHOUSE_COMPACT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(60_000)
    .describe('how often new changes are merged into base tables and small files into large ones'),
  LAKEHOUSE_RETENTION_HOURS: z.coerce.number().min(0).default(168).describe('how long files that no version needs any more are kept'),
});

/** What the service is told, besides its adapters. */
export interface LakehouseConfig {
  topicPrefix: string;
  /** Directory for staged changes; emptied at start. */
  stagingDirectory: string;
  flushMs: number;
  flushRows: number;
  compactMs: number;
  retentionHours: number;
  /** How often new topics are looked for, ms. */
  discoverMs: number;
}

export function lakehouseConfig(
  environment: Environment,
  given: { topicPrefix: string; stagingDirectory: string; dialect: 'duckdb' | 'databricks' },
): LakehouseConfig {
  const read = loadConfig(lakehouseSettings, environment);
  return {
    topicPrefix: given.topicPrefix,
    stagingDirectory: given.stagingDirectory,
    flushMs: read.LAKEHOUSE_FLUSH_MS ?? (given.dialect === 'databricks' ? 60_000 : 2_000),
    flushRows: read.LAKEHOUSE_FLUSH_ROWS,
    compactMs: read.LAKEHOUSE_COMPACT_MS,
    retentionHours: read.LAKEHOUSE_RETENTION_HOURS,
    discoverMs: 1_000,
  };
}
