// One project for each kind of resource a test needs; the suffix of a spec's name says which (docs/testing.md).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const swc = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'));
delete swc.$schema;
delete swc.module;
swc.jsc.rewriteRelativeImportExtensions = false;

const shared = {
  rootDir: ROOT,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['reflect-metadata'],
  transform: { '\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.lakeloop/', '/import-rules/fixtures/'],
  modulePathIgnorePatterns: ['/dist/', '/.lakeloop/', '/.ci/', '/import-rules/fixtures/'],
};
const project = (displayName, suffix, extra = {}) => ({
  ...shared,
  displayName,
  testMatch: [`**/*.${suffix}.ts`],
  testPathIgnorePatterns: [...shared.testPathIgnorePatterns, ...(suffix === 'spec' ? ['\\.(pg|kafka|redis|python|outside|e2e|browser)\\.spec\\.ts$'] : [])],
  ...extra,
});

const postgres = {
  globalSetup: '<rootDir>/libs/testing/global-setup/postgres.ts',
  globalTeardown: '<rootDir>/libs/testing/global-setup/postgres-teardown.ts',
};

const kafka = {
  globalSetup: '<rootDir>/libs/testing/global-setup/kafka.ts',
  globalTeardown: '<rootDir>/libs/testing/global-setup/kafka-teardown.ts',
};
const redis = {
  globalSetup: '<rootDir>/libs/testing/global-setup/redis.ts',
  globalTeardown: '<rootDir>/libs/testing/global-setup/redis-teardown.ts',
};

export default {
  rootDir: ROOT,
  projects: [
    project('unit', 'spec'),
    project('pg', 'pg.spec', postgres),
    project('kafka', 'kafka.spec', { ...kafka, testPathIgnorePatterns: [...shared.testPathIgnorePatterns, '<rootDir>/e2e/'] }),
    project('redis', 'redis.spec', redis),
    project('python', 'python.spec'),
    // Not in `npm test`: `npm run test:outside`.
    project('outside', 'outside.spec'),
    // These start whole processes of their own, servers included.
    project('e2e', 'e2e.spec'),
    project('cluster', 'kafka.spec', { testMatch: ['<rootDir>/e2e/**/*.kafka.spec.ts'] }),
    project('browser', 'browser.spec'),
    // Against the workspace of DATABRICKS_HOST; `npm run test:databricks`, never `npm test`.
    project('databricks', 'databricks'),
  ],
  reporters: ['default', '<rootDir>/scripts/test/summary-reporter.mjs'],
  maxWorkers: 2,
  testTimeout: 60_000,
};
