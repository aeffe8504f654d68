import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WriteStream } from 'node:tty';
import { Failure } from '#libs/failure/failure';
import { explain } from './explain.ts';
import { openLog, shortLine } from './log-sink.ts';
import { Progress } from './progress.ts';
import { welcome } from './welcome.ts';

describe('a failed start', () => {
  it('is one line, whatever the message holds', () => {
    expect(explain(new Failure('misconfigured', 'port 8080 is taken:\n  stop what uses it'))).toBe(
      'Lakeloop did not start: port 8080 is taken: stop what uses it.',
    );
  });

  it('never promises that a start goes on by itself', () => {
    expect(explain(new Failure('dependency-unavailable', 'PostgreSQL did not start'))).toMatch(/Start it again/);
  });

  it('asks for a report when it is a defect of ours', () => {
    expect(explain(new TypeError('x is not a function'))).toMatch(/report it/);
  });
});

describe('the log', () => {
  it('shows warnings as one short line and keeps quiet about the rest', () => {
    expect(shortLine('{"level":30,"msg":"listening"}')).toBeUndefined();
    expect(shortLine('{"level":40,"service":"lakeloop","msg":"slow","err":{"message":"disk"},"hint":"Wait."}')).toBe('warning [lakeloop] slow: disk Wait.\n');
    expect(shortLine('not json')).toBeUndefined();
  });

  it('is written to a file of this user alone', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-log-'));
    const log = await openLog(directory);
    await new Promise<void>((resolve) => log.end('{"level":30,"msg":"kept"}\n', () => resolve()));
    expect(await readFile(join(directory, 'logs', 'lakeloop.log'), 'utf8')).toContain('kept');
    await rm(directory, { recursive: true });
  });
});

describe('progress', () => {
  afterEach(() => void jest.useRealTimers());

  it.each([
    [1_900, ''],
    [2_500, '  work: 2.5 s\n'],
  ])('of a stage of %d ms leaves %j', async (ms, line) => {
    jest.useFakeTimers();
    const written: string[] = [];
    const progress = new Progress({ isTTY: false, write: (text: string) => written.push(text) } as unknown as WriteStream);
    await progress.stage('work', async () => void jest.advanceTimersByTime(ms));
    expect(written.join('').replace('  work … 2 s\n', '')).toBe(line);
  });
});

it('welcomes with every account and its password', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-welcome-'));
  const accounts = { analyst: { username: 'analyst', password: 'coal-piano-881', name: 'Ana' } };
  await writeFile(join(directory, 'accounts.json'), JSON.stringify({ issuer: 'http://localhost:1/oidc', accounts }));
  const text = await welcome({ url: 'http://localhost:8080', dataDirectory: directory, psql: 'psql', seconds: 3.21 });
  expect(text).toMatch(/runs \(3\.2 s\)[\s\S]*http:\/\/localhost:8080[\s\S]*analyst {3}coal-piano-881 {3}Ana/);
  await rm(directory, { recursive: true });
});
