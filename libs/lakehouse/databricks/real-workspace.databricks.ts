import { Failure } from '#libs/failure/failure';
import { createLogger } from '#libs/runtime/logger';
import { lakehouseConformance } from '../conformance/lakehouse.conformance.ts';
import { databricksConnection } from './settings.ts';
import { Workspace } from './workspace.ts';

// `npm run test:databricks`: the port's suite against the workspace that the environment names. It makes and drops tables in the schema `conformance` of DATABRICKS_CATALOG.
const connection = databricksConnection(process.env);
if (!connection) throw new Failure('misconfigured', 'npm run test:databricks needs DATABRICKS_HOST, DATABRICKS_HTTP_PATH and an identity (docs/databricks.md)');

lakehouseConformance('databricks, a real workspace', () =>
  Promise.resolve(new Workspace({ connection, logger: createLogger({ service: 'test', level: 'warn' }) }).lakehouse),
);
