import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '#libs/runtime/clock';
import type { AudienceObserver, ResetReason } from './audience.ts';
import type { Frame } from './frame.ts';

/** What operators see of push. */
export class PushMetrics implements AudienceObserver {
  readonly #clock: Clock;
  readonly #delivered: Counter;
  readonly #resets: Counter;
  readonly #slow: Counter;
  readonly #latency: Histogram;

  constructor(registry: Registry, clock: Clock, openStreams: () => number) {
    const registers = [registry];
    this.#clock = clock;
    this.#delivered = new Counter({ name: 'lakeloop_push_events_total', help: 'Change events handed to subscribers', registers });
    this.#resets = new Counter({ name: 'lakeloop_push_resets_total', help: 'Streams told to start anew', labelNames: ['reason'], registers });
    this.#slow = new Counter({ name: 'lakeloop_push_slow_clients_total', help: 'Streams cut off because the client did not read', registers });
    this.#latency = new Histogram({
      name: 'lakeloop_push_latency_seconds',
      help: 'From commit to handing the change to its subscribers, newest of each batch',
      buckets: [0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 1, 5],
      registers,
    });
    const streams: Gauge = new Gauge({ name: 'lakeloop_push_streams', help: 'Open change streams', registers, collect: () => streams.set(openStreams()) });
  }

  delivered(events: number, newest: Frame): void {
    this.#delivered.inc(events);
    this.#latency.observe(Math.max(0, this.#clock.now() - newest.committedMs) / 1000);
  }

  reset(reason: ResetReason, subscribers: number): void {
    this.#resets.inc({ reason }, subscribers);
  }

  slow(): void {
    this.#slow.inc();
  }
}
