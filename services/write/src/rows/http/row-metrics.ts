import { Counter, Histogram, type Registry } from 'prom-client';

/** Requests to `/rest/v1` by method and status, and how long the answered ones took. */
export class RowMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'lakeloop_row_requests_total',
      help: 'Row requests by method and HTTP status',
      labelNames: ['method', 'status'],
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: 'lakeloop_row_request_seconds',
      help: 'Time from the parsed request to its answer, by method',
      labelNames: ['method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
      registers: [registry],
    });
  }

  /** `started` is `performance.now()` of the beginning; undefined for a refusal, which is counted only. */
  observe(method: string, status: number, started: number | undefined): void {
    this.#requests.inc({ method, status: String(status) });
    if (started !== undefined) this.#seconds.observe({ method }, (performance.now() - started) / 1000);
  }
}
