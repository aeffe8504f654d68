import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { NotificationOptions } from './notification-options.ts';
import { ChangeStreams } from './change-streams.ts';
import { Audiences } from './delivery/audiences.ts';
import { OpenStreams } from './delivery/open-streams.ts';
import { PushMetrics } from './delivery/push-metrics.ts';
import { StreamOpener } from './delivery/stream-opener.ts';
import { CursorCodec } from './stitch/cursor.ts';
import { PolicySource } from '#libs/governance/policy/policy-source';
import { PolicyWatch } from './subscriptions/policy-watch.ts';
import { SubscriberReader } from './subscriptions/reader.ts';
import { SubscriptionResolver } from './subscriptions/resolver.ts';
import { Tails } from './tail/tails.ts';

export interface NotificationParts {
  changeStreams: ChangeStreams;
  /** In the order they are to run. */
  lifecycles: readonly Lifecycle[];
}

/** Puts the service together, and its health checks and metrics in place. */
export function assembleNotification({ config, changeLog, pool, runtime, topicPrefix }: NotificationOptions): NotificationParts {
  const { logger, clock } = runtime;
  const streams = new OpenStreams({ clock, heartbeatMs: config.heartbeatMs });
  const metrics = new PushMetrics(runtime.metrics, clock, () => streams.size);
  const reader = new SubscriberReader(pool);
  const resolver = new SubscriptionResolver(new PolicySource(pool), config.schemas);
  const codec = new CursorCodec(config.cursorSecret);
  const tails = new Tails(changeLog, logger);
  const audiences = new Audiences({ reader, resolver, codec, observer: metrics, logger });
  const watch = new PolicyWatch({
    pool,
    logger,
    everyMs: config.recheckMs,
    onSuspicion: (cause) => audiences.suspect(cause !== 'interval'),
    onTable: (oid) => audiences.edited(oid),
  });
  const opener = new StreamOpener({ changeLog, topicPrefix, tails, audiences, streams, reader, resolver, codec, logger });
  runtime.health.register('notification: postgres', () => ({ ready: watch.listening, ...(watch.listening ? {} : { detail: 'Postgres does not answer' }) }));
  runtime.health.register('notification: change log', () => changeLog.ping().then(() => ({ ready: true })));
  const tailing: Lifecycle = { name: 'change log tails', run: async () => undefined, drain: async () => undefined, stop: () => tails.close() };
  return { changeStreams: new ChangeStreams({ config, opener, metrics, runtime }), lifecycles: [tailing, watch, streams] };
}
