import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { flag, list, loadConfig, port, postgresUrl } from './config.ts';

const schema = z.object({
  DATABASE_URL: postgresUrl.describe('where'),
  PORT: port.default(8080).describe('port'),
  MODE: z.enum(['initial', 'never']).default('initial').describe('mode'),
  TOPICS: list.default([]).describe('topics'),
  ADOPT: flag.default(false).describe('adopt'),
});

function failureOf(environment: Record<string, string>): Failure {
  try {
    loadConfig(schema, environment);
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error('it was accepted');
}

describe('settings', () => {
  it('are parsed, defaulted and frozen; an empty string counts as unset', () => {
    const config = loadConfig(schema, { DATABASE_URL: 'postgres://a/b', PORT: '', TOPICS: 'a, b,', ADOPT: 'on' });
    expect(config).toEqual({ DATABASE_URL: 'postgres://a/b', PORT: 8080, MODE: 'initial', TOPICS: ['a', 'b'], ADOPT: true });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('name every wrong key and what is expected, never a value', () => {
    const failure = failureOf({ DATABASE_URL: 'mysql://root:hunter2@x', PORT: 'hunter2', MODE: 'hunter2', ADOPT: 'hunter2' });
    expect(failure.kind).toBe('misconfigured');
    for (const key of ['DATABASE_URL', 'PORT', 'MODE', 'ADOPT']) expect(failure.message).toContain(key);
    expect(failure.message).toContain('must be one of initial, never');
    expect(failure.message + JSON.stringify(failure.detail)).not.toContain('hunter2');
  });

  it('say which key is missing', () => {
    expect(failureOf({}).message).toContain('DATABASE_URL: is required');
  });
});
