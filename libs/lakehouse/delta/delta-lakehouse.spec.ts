import { afterAll, beforeAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import { lakehouseConformance } from '../conformance/lakehouse.conformance.ts';
import { openDeltaLakehouse } from './delta-lakehouse.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-delta-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

lakehouseConformance('delta', () => openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) }));
