import { type GapEvent, gapTopic } from '#contracts/topics/gap-event';
import { HEADER } from '#contracts/topics/headers';
import type { LogRecord } from '#libs/changelog/change-log';
import { formatLsn, type Lsn } from '#libs/pgoutput/lsn';
import type { Gap } from './progress.ts';

/** Which slot, and what follows a gap. */
export interface GapSettings {
  CDC_SLOT: string;
  CDC_TOPIC_PREFIX: string;
  CDC_SNAPSHOT: 'initial' | 'never';
}

export interface ToldGap extends Gap {
  /** Capture goes on from here. */
  to: Lsn;
  /** `schema.table`; null for all. */
  tables: readonly string[] | null;
}

/** The event of a gap. Its id is the same whenever the same gap is told again, which happens when a start is cut short. */
export function gapRecord(config: GapSettings, server: { database: string; systemId: string; timeline: number }, gap: ToldGap, now: number): LogRecord {
  const { database, systemId, timeline } = server;
  const event: GapEvent = {
    version: 1,
    slot: config.CDC_SLOT,
    database,
    systemId,
    timeline,
    reason: gap.reason,
    detail: gap.detail,
    from: gap.from === null ? null : formatLsn(gap.from),
    to: formatLsn(gap.to),
    tables: gap.tables && [...gap.tables],
    snapshots: config.CDC_SNAPSHOT === 'initial' ? 'requested' : 'advised',
    ts_ms: now,
  };
  const id = ['gap', systemId, timeline, event.from ?? '', event.to, ...(gap.tables ?? [])].join(':');
  return { topic: gapTopic(config.CDC_TOPIC_PREFIX), key: Buffer.from(event.slot), value: Buffer.from(JSON.stringify(event)), headers: { [HEADER.id]: id } };
}
