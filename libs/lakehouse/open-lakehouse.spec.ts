import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import { databricksConnection } from './databricks/settings.ts';
import { openLakehouse } from './open-lakehouse.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const whole = { DATABRICKS_HOST: 'https://example.cloud/', DATABRICKS_HTTP_PATH: '/sql/1.0/warehouses/abc', DATABRICKS_TOKEN: 'the-secret' };

describe('the choice of a lakehouse', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lakeloop-open-'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('goes by DATABRICKS_HOST alone', async () => {
    const local = await openLakehouse({ DATABRICKS_TOKEN: 'x' }, { root, logger });
    expect(local.lakehouse.dialect).toBe('duckdb');
    await local.close();
    const remote = await openLakehouse(whole, { root, logger });
    expect(remote.lakehouse.dialect).toBe('databricks');
    await remote.close();
  });

  it('takes a host with or without its scheme, and an identity of either kind', () => {
    expect(databricksConnection(whole)).toMatchObject({ host: 'example.cloud', catalog: 'main', identity: { token: 'the-secret' } });
    const { DATABRICKS_TOKEN: _token, ...rest } = whole;
    expect(databricksConnection({ ...rest, DATABRICKS_CLIENT_ID: 'id', DATABRICKS_CLIENT_SECRET: 'secret' })?.identity).toEqual({
      clientId: 'id',
      clientSecret: 'secret',
    });
    expect(databricksConnection({ ...whole, DATABRICKS_HOST: '' })).toBeUndefined();
  });

  it.each([
    ['DATABRICKS_HTTP_PATH', { ...whole, DATABRICKS_HTTP_PATH: undefined }],
    ['DATABRICKS_TOKEN', { ...whole, DATABRICKS_TOKEN: undefined }],
    ['DATABRICKS_CLIENT_SECRET', { ...whole, DATABRICKS_TOKEN: undefined, DATABRICKS_CLIENT_ID: 'the-secret' }],
    ['DATABRICKS_TOKEN', { ...whole, DATABRICKS_CLIENT_ID: 'x', DATABRICKS_CLIENT_SECRET: 'the-secret' }],
    ['DATABRICKS_HOST', { ...whole, DATABRICKS_HOST: 'a/b the-secret' }],
    ['DATABRICKS_VOLUME', { ...whole, DATABRICKS_VOLUME: '/tmp/the-secret' }],
  ])('names %s when it is wrong, and no value', (key, environment) => {
    expect(() => databricksConnection(environment)).toThrow(key);
    expect(() => databricksConnection(environment)).not.toThrow('the-secret');
  });
});
