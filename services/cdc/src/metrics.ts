import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { SlotState } from './source/slot-watch.ts';

/** What the service counts. */
export interface CdcMetrics {
  published: Counter;
  batchRecords: Histogram;
  appendSeconds: Histogram;
  lagSeconds: Histogram;
  lastCommitTime: Gauge;
  leader: Gauge;
  paused: Gauge;
  snapshotRows: Counter;
}

const ALARMS = { none: 0, warning: 1, critical: 2 } as const;

/** One set for a registry. `observe` is asked for the slot's state at each scrape; null where nothing is known of it. */
export function createCdcMetrics(registry: Registry, observe: () => SlotState | null): CdcMetrics {
  const registers = [registry];
  const ofSlot = (name: string, help: string, value: (state: SlotState) => number | null): Gauge =>
    new Gauge({
      name: `lakeloop_cdc_slot_${name}`,
      help,
      registers,
      collect() {
        const state = observe();
        const seen = state && value(state);
        if (seen === null) this.remove();
        else this.set(seen);
      },
    });
  ofSlot('lag_bytes', 'WAL between what is confirmed to the slot and the end of the log', ({ lagBytes }) => lagBytes);
  ofSlot('lag_seconds', 'seconds since the oldest WAL was written that is not confirmed', ({ lagSeconds }) => lagSeconds);
  ofSlot('retained_bytes', 'WAL bytes that the server keeps for the slot', ({ retainedBytes }) => retainedBytes);
  ofSlot(
    'safe_bytes',
    'WAL bytes that may be written before the server gives the slot up; absent without max_slot_wal_keep_size',
    ({ safeBytes }) => safeBytes,
  );
  ofSlot('alarm', '1 beyond CDC_SLOT_LAG_WARN_BYTES, 2 beyond CDC_SLOT_LAG_MAX_BYTES', ({ alarm }) => ALARMS[alarm]);
  return {
    published: new Counter({ name: 'lakeloop_cdc_published_records_total', help: 'records acknowledged by the change log', registers }),
    snapshotRows: new Counter({ name: 'lakeloop_cdc_snapshot_rows_total', help: 'rows of snapshots acknowledged by the change log', registers }),
    batchRecords: new Histogram({ name: 'lakeloop_cdc_batch_records', help: 'records in one append', buckets: [1, 5, 25, 100, 500, 2_000], registers }),
    appendSeconds: new Histogram({
      name: 'lakeloop_cdc_append_seconds',
      help: 'duration of one append',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1],
      registers,
    }),
    lagSeconds: new Histogram({
      name: 'lakeloop_cdc_commit_to_append_seconds',
      help: 'time from commit to the acknowledged append of its last change, by two clocks',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 1, 10],
      registers,
    }),
    lastCommitTime: new Gauge({ name: 'lakeloop_cdc_last_commit_timestamp_seconds', help: 'commit time of the last published transaction', registers }),
    leader: new Gauge({ name: 'lakeloop_cdc_streaming', help: '1 while this instance streams, 0 while it stands by or connects', registers }),
    paused: new Gauge({ name: 'lakeloop_cdc_paused', help: '1 while this instance holds the slot and reads nothing, by an operator', registers }),
  };
}
