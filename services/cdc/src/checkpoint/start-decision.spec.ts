import { describe, expect, it } from '@jest/globals';
import { parseLsn } from '#libs/pgoutput/lsn';
import { decideStart, type StartSituation } from './start-decision.ts';

const server = { systemId: '1', timeline: 1, walEnd: parseLsn('0/1000'), database: 'd' };
const slot = { plugin: 'pgoutput', database: 'd', confirmed: parseLsn('0/100'), usable: true };
const position = { end: parseLsn('0/200'), lastCommit: parseLsn('0/1F0'), open: { commitLsn: parseLsn('0/300'), changes: 3 } };
const progress = { state: 'streaming', systemId: '1', timeline: 1, position, fingerprint: 'f' } as const;
const creating = { state: 'creating', systemId: '1', timeline: 1 } as const;
const base: StartSituation = { progress, slot, server, fingerprint: 'f', adopt: false };

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
    ['a slot that lost its WAL', { slot: { ...slot, usable: false } }, { action: 'stop', kind: 'position-lost' }],
    ['a slot that lost its WAL, adopted', { slot: { ...slot, usable: false }, adopt: true }, { action: 'stop', kind: 'position-lost' }],
    ['a slot of another plugin', { slot: { ...slot, plugin: 'wal2json' } }, { action: 'stop', kind: 'misconfigured' }],
    ['a slot of another database', { slot: { ...slot, database: 'e' } }, { action: 'stop', kind: 'misconfigured' }],
    ['progress of another cluster', { server: { ...server, systemId: '2' } }, { action: 'stop', kind: 'position-lost' }],
    ['progress of another timeline', { server: { ...server, timeline: 2 } }, { action: 'stop', kind: 'position-lost' }],
    ['progress beyond the server', { server: { ...server, walEnd: parseLsn('0/1FF') } }, { action: 'stop', kind: 'position-lost' }],
    ['a slot nobody knows, adopted', { progress: null, adopt: true }, { action: 'stream', from: { end: slot.confirmed }, gap: expect.any(String) }],
    ['a slot that is gone, adopted', { slot: null, adopt: true }, { action: 'create', gap: expect.any(String) }],
    ['everything in order, adopted', { adopt: true }, { action: 'stream', from: position, gap: null }],
  ])('%s', (_title, change, expected) => {
    expect(decideStart({ ...base, ...change })).toMatchObject(expected);
  });
});
