import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LakehouseMetrics {
  rows: Counter<'table'>;
  commits: Counter<'table'>;
  parked: Counter<'table'>;
  repeated: Counter<'table'>;
  gaps: Counter<'table'>;
  writeSeconds: Histogram;
  freshness: Histogram;
  compactions: Counter<'table'>;
}

/** One set for a registry. `lag` is asked at each scrape: seconds by table. */
export function createLakehouseMetrics(registry: Registry, lag: () => ReadonlyMap<string, number>): LakehouseMetrics {
  const registers = [registry];
  const counter = (name: string, help: string): Counter<'table'> => new Counter({ name: `lakeloop_lakehouse_${name}`, help, labelNames: ['table'], registers });
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  registry.registerMetric(
    new Gauge({
      name: 'lakeloop_lakehouse_event_loop_p99_seconds',
      help: 'event-loop delay since the last scrape, 99th percentile',
      registers: [],
      collect() {
        this.set(loop.percentile(99) / 1e9);
        loop.reset();
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'lakeloop_lakehouse_lag_seconds',
      help: 'age of the oldest change that is not in the lakehouse',
      labelNames: ['table'],
      registers: [],
      collect() {
        for (const [table, seconds] of lag()) this.set({ table }, seconds);
      },
    }),
  );
  return {
    rows: counter('rows_total', 'changes written to history tables'),
    commits: counter('commits_total', 'versions of history tables'),
    parked: counter('parked_total', 'records that could not be applied'),
    repeated: counter('repeated_total', 'events that capture published again, left out'),
    gaps: counter('gaps_total', 'times that records were gone before they were applied'),
    compactions: counter('compactions_total', 'merges into base tables'),
    writeSeconds: new Histogram({
      name: 'lakeloop_lakehouse_write_seconds',
      help: 'duration of one write',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    freshness: new Histogram({
      name: 'lakeloop_lakehouse_commit_to_history_seconds',
      help: 'from the commit of the oldest change of a write to its version, by two clocks',
      buckets: [0.25, 0.5, 1, 2, 3, 4, 5, 10, 30, 60, 120],
      registers,
    }),
  };
}
