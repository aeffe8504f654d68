import { Counter, Histogram, type Registry } from 'prom-client';

interface Bound {
  requests: Counter.Internal;
  seconds: Histogram.Internal<string>;
}

/** Requests to `/rest/v1` by method and status, and how long the answered ones took. */
export class RowMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #bound = new Map<string, Bound>();

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

  #bind(name: string, method: string, status: number): Bound {
    const bound = { requests: this.#requests.labels(method, String(status)), seconds: this.#seconds.labels(method) };
    this.#bound.set(name, bound);
    return bound;
  }

  /** `started` is `performance.now()` of the beginning; undefined for a refusal, which is counted only. */
  observe(method: string, status: number, started: number | undefined): void {
    // Bound once for each pair: looking labels up costs more than counting.
    const name = `${method} ${status}`;
    const bound = this.#bound.get(name) ?? this.#bind(name, method, status);
    bound.requests.inc();
    if (started !== undefined) bound.seconds.observe((performance.now() - started) / 1000);
  }
}
