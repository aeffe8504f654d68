import type { Environment } from '#libs/runtime/config';
import type { Logger } from '#libs/runtime/logger';
import { databricksConnection } from './databricks/settings.ts';
import { Workspace } from './databricks/workspace.ts';
import { openDeltaLakehouse } from './delta/delta-lakehouse.ts';
import type { Lakehouse } from './lakehouse.ts';

export interface OpenLakehouse {
  lakehouse: Lakehouse;
  /** Jobs and served models; only with a Databricks workspace. */
  workspace: Workspace | undefined;
  close(): Promise<void>;
}

/** The lakehouse that the environment names: a Databricks workspace where DATABRICKS_HOST is set, else Delta tables below `root`. Nothing else chooses. */
export async function openLakehouse(environment: Environment, { root, logger }: { root: string; logger: Logger }): Promise<OpenLakehouse> {
  const connection = databricksConnection(environment);
  if (connection) {
    const workspace = new Workspace({ connection, logger });
    logger.info({ catalog: connection.catalog }, 'lakehouse: Databricks SQL');
    return { lakehouse: workspace.lakehouse, workspace, close: () => workspace.close() };
  }
  const lakehouse = await openDeltaLakehouse({ root, logger });
  return { lakehouse, workspace: undefined, close: () => lakehouse.close() };
}
