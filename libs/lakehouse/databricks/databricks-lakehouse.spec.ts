import { afterAll, beforeAll } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { CATALOG, DatabricksDouble, HTTP_PATH, TOKEN, VOLUME } from '#libs/testing/databricks/databricks-double';
import { lakehouseConformance } from '../conformance/lakehouse.conformance.ts';
import { StaticToken } from './credentials.ts';
import { DatabricksLakehouse } from './databricks-lakehouse.ts';

let double: DatabricksDouble;
beforeAll(async () => {
  double = await DatabricksDouble.start();
});
afterAll(() => double.stop());

lakehouseConformance('databricks', async () => {
  return new DatabricksLakehouse({
    host: double.host,
    httpPath: HTTP_PATH,
    credentials: new StaticToken(TOKEN),
    catalog: CATALOG,
    volume: VOLUME,
    caCertificate: double.certificate,
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
});
