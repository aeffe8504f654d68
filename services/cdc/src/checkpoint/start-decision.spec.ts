import { describe, expect, it } from '@jest/globals';
import { parseLsn } from '#libs/pgoutput/lsn';
import { decideStart, type StartSituation } from './start-decision.ts';

const server = { systemId: '1', timeline: 1, walEnd: parseLsn('0/1000'), database: 'd', switchedAt: null };
const promoted = { ...server, timeline: 2 };
const slot = { plugin: 'pgoutput', database: 'd', confirmed: parseLsn('0/100'), unusable: null };
const position = { end: parseLsn('0/200'), lastCommit: parseLsn('0/1F0'), open: { commitLsn: parseLsn('0/300'), changes: 3 } };
const progress = { state: 'streaming', systemId: '1', timeline: 1, position, fingerprint: 'f', publicationOid: '9' } as const;
const creating = { state: 'creating', systemId: '1', timeline: 1, gap: null } as const;
const base: StartSituation = { progress, slot, server, publicationOid: '9', fingerprint: 'f', adopt: false };
const wasGap = { reason: 'slot-lost', detail: 'of the start before', from: null } as const;

describe('where to begin', () => {
  it.each<[string, Partial<StartSituation>, object]>([
    ['nothing known, no slot', { progress: null, slot: null }, { action: 'create', gap: null }],
    ['progress and its slot', {}, { action: 'stream', from: position, gap: null }],
    ['a slot confirmed exactly as far as progress', { slot: { ...slot, confirmed: position.end } }, { action: 'stream', from: position }],
    ['another publication than progress was made with', { fingerprint: 'g' }, { action: 'stream', from: { ...position, open: null } }],
    ['a start cut short before the slot', { progress: creating, slot: null }, { action: 'create' }],
    ['a start cut short after the slot', { progress: creating }, { action: 'stream', from: { end: slot.confirmed, lastCommit: null, open: null } }],
    ['a slot nobody knows', { progress: null }, { action: 'stop', kind: 'position-lost' }],
    ['a slot ahead of progress', { slot: { ...slot, confirmed: parseLsn('0/201') } }, { action: 'stop', kind: 'position-lost' }],
    ['a slot that is gone', { slot: null }, { action: 'stop', kind: 'position-lost' }],
    ['a start cut short before the slot, after a gap', { progress: { ...creating, gap: wasGap }, slot: null }, { action: 'create', gap: wasGap }],
    ['a start cut short after the slot, after a gap', { progress: { ...creating, gap: wasGap } }, { action: 'stream', gap: wasGap }],
    ['a slot that lost its WAL', { slot: { ...slot, unusable: 'gone' } }, { action: 'stop', kind: 'position-lost', reason: expect.stringMatching(/gone/) }],
    [
      'a slot that lost its WAL, adopted',
      { slot: { ...slot, unusable: 'gone' }, adopt: true },
      { action: 'recreate', gap: { reason: 'slot-lost', from: position.end } },
    ],
    ['another publication of the same name', { publicationOid: '10' }, { action: 'stop', kind: 'position-lost' }],
    [
      'another publication of the same name, adopted',
      { publicationOid: '10', adopt: true },
      { action: 'stream', from: { end: server.walEnd }, gap: { reason: 'publication-recreated', from: position.end } },
    ],
    ['progress of before publications were noted', { progress: { ...progress, publicationOid: null } }, { action: 'stream', gap: null }],
    ['a slot of another plugin', { slot: { ...slot, plugin: 'wal2json' } }, { action: 'stop', kind: 'misconfigured' }],
    ['a slot of another database', { slot: { ...slot, database: 'e' } }, { action: 'stop', kind: 'misconfigured' }],
    ['progress of another cluster', { server: { ...server, systemId: '2' } }, { action: 'stop', kind: 'position-lost' }],
    ['a timeline that does not continue ours', { server: promoted }, { action: 'stop', kind: 'position-lost', reason: expect.stringMatching(/history/) }],
    [
      'an older timeline than ours',
      { progress: { ...progress, timeline: 3 }, server: promoted },
      { action: 'stop', reason: expect.stringMatching(/old primary/) },
    ],
    ['a promotion behind all that was published', { server: { ...promoted, switchedAt: parseLsn('0/301') } }, { action: 'stream', from: position, gap: null }],
    [
      'a promotion before a part of a transaction that was published',
      { server: { ...promoted, switchedAt: parseLsn('0/300') } },
      { action: 'stop', kind: 'position-lost', reason: expect.stringMatching(/0\/300/) },
    ],
    [
      'a promotion before an idle position',
      { progress: { ...progress, position: { ...position, open: null } }, server: { ...promoted, switchedAt: parseLsn('0/1F8') } },
      { action: 'stream', from: { end: parseLsn('0/1F8'), lastCommit: position.lastCommit }, gap: null },
    ],
    [
      'a promotion before a published commit',
      { progress: { ...progress, position: { ...position, open: null } }, server: { ...promoted, switchedAt: parseLsn('0/1EF') } },
      { action: 'stop', kind: 'position-lost' },
    ],
    [
      'a promotion right behind a published commit',
      { progress: { ...progress, position: { ...position, open: null } }, server: { ...promoted, switchedAt: parseLsn('0/1F0') } },
      { action: 'stream', from: { end: parseLsn('0/1F0') }, gap: null },
    ],
    [
      'a promotion before the commit of a transaction of which a part is published',
      { server: { ...promoted, switchedAt: parseLsn('0/300') } },
      { action: 'stop', kind: 'position-lost' },
    ],
    [
      'a promotion before a published commit, adopted',
      { server: { ...promoted, switchedAt: parseLsn('0/1F0') }, adopt: true },
      { action: 'stream', from: { end: slot.confirmed }, gap: { reason: 'other-timeline' } },
    ],
    ['progress beyond the server', { server: { ...server, walEnd: parseLsn('0/1FF') } }, { action: 'stop', kind: 'position-lost' }],
    [
      'a slot nobody knows, adopted',
      { progress: null, adopt: true },
      { action: 'stream', from: { end: slot.confirmed }, gap: { reason: 'progress-unknown', from: null } },
    ],
    ['a slot that is gone, adopted', { slot: null, adopt: true }, { action: 'create', gap: { reason: 'slot-missing', from: position.end } }],
    ['everything in order, adopted', { adopt: true }, { action: 'stream', from: position, gap: null }],
  ])('%s', (_title, change, expected) => {
    expect(decideStart({ ...base, ...change })).toMatchObject(expected);
  });
});
