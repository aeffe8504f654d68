import { describe, expect, it } from '@jest/globals';
import type { ChangeLog } from '../change-log.ts';
import { unique } from './harness.ts';

export function topicSuite(log: () => ChangeLog): void {
  describe('topics', () => {
    it('are created once and left alone afterwards', async () => {
      const topic = unique('topic');
      await Promise.all([1, 2].map(() => log().ensureTopic(topic, { partitions: 3, cleanup: 'delete', retentionMs: 60_000 })));
      await log().ensureTopic(topic, { partitions: 3, cleanup: 'compact', retentionMs: null });
      expect(await log().bounds(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, earliest: 0n, next: 0n })));
    });

    it('refuse another partition count', async () => {
      const topic = unique('topic');
      await log().ensureTopic(topic, { partitions: 2, cleanup: 'delete', retentionMs: null });
      await expect(log().ensureTopic(topic, { partitions: 3, cleanup: 'delete', retentionMs: null })).rejects.toMatchObject({ kind: 'misconfigured' });
    });

    it('are listed by prefix', async () => {
      const prefix = unique('list');
      for (const name of ['b', 'a']) await log().ensureTopic(`${prefix}.${name}`, { partitions: 1, cleanup: 'delete', retentionMs: null });
      expect(await log().topics(`${prefix}.`)).toEqual([`${prefix}.a`, `${prefix}.b`]);
    });

    it('that do not exist have no bounds', async () => {
      expect(await log().bounds(unique('absent'))).toEqual([]);
    });

    it('are reachable: ping resolves', async () => {
      await expect(log().ping()).resolves.toBeUndefined();
    });
  });
}
