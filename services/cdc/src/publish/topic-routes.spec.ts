import { describe, expect, it } from '@jest/globals';
import { TopicRoutes } from './topic-routes.ts';

const routed = (topic: string): TopicRoutes => new TopicRoutes({ prefix: 'p', routes: [`public.orders=${topic}`], partitions: [], defaultCount: 1 });

describe('a route', () => {
  it.each(['p.__progress', 'p.__dlq', 'p.__anything', 'p.transaction'])('never leads into a topic of capture’s own: %s', (topic) => {
    expect(() => routed(topic)).toThrow(expect.objectContaining({ kind: 'misconfigured', message: `CDC_TOPIC_ROUTES: ${topic} is a topic of capture's own` }));
  });

  it.each(['p.public.__progress', 'all.orders', 'other.__dlq'])('leads to any other: %s', (topic) => {
    expect(routed(topic).of({ schema: 'public', name: 'orders' })).toBe(topic);
  });
});
