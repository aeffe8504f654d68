import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the service counts. Slot lag: WAL between what is confirmed and what the server was last heard to have. */
export interface CdcMetrics {
  published: Counter;
  batchRecords: Histogram;
  appendSeconds: Histogram;
  lagSeconds: Histogram;
  slotLagBytes: Gauge;
  lastCommitTime: Gauge;
  leader: Gauge;
  snapshotRows: Counter;
}

/** One set for a registry. `observe` is asked for the slot's lag at each scrape. */
export function createCdcMetrics(registry: Registry, observe: () => { slotLagBytes: number | null }): CdcMetrics {
  const registers = [registry];
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
    slotLagBytes: new Gauge({
      name: 'lakeloop_cdc_slot_lag_bytes',
      help: 'WAL bytes that the slot still holds back',
      registers,
      collect() {
        const { slotLagBytes } = observe();
        if (slotLagBytes !== null) this.set(slotLagBytes);
      },
    }),
    lastCommitTime: new Gauge({ name: 'lakeloop_cdc_last_commit_timestamp_seconds', help: 'commit time of the last published transaction', registers }),
    leader: new Gauge({ name: 'lakeloop_cdc_streaming', help: '1 while this instance streams, 0 while it stands by or connects', registers }),
  };
}
