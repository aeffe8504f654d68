import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '#libs/runtime/logger';
import { CATALOG, type DatabricksDouble, HTTP_PATH, TOKEN, VOLUME } from '#libs/testing/databricks/databricks-double';
import type { DatabricksConnection } from './settings.ts';
import { Workspace, type WorkspaceOptions } from './workspace.ts';

/** A workspace that talks to the double, with short waits between attempts. */
export function workspaceOn(
  double: DatabricksDouble,
  options: Partial<Omit<WorkspaceOptions, 'connection'>> & { connection?: Partial<DatabricksConnection> } = {},
): Workspace {
  const { connection, ...rest } = options;
  return new Workspace({
    connection: { host: double.host, httpPath: HTTP_PATH, identity: { token: TOKEN }, catalog: CATALOG, volume: VOLUME, ...connection },
    caCertificate: double.certificate,
    logger: createLogger({ service: 'test', level: 'silent' }),
    retry: { initialMs: 1, attempts: 4 },
    ...rest,
  });
}

/** Waits for a condition, and says so when it does not come. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not come: ${condition.toString()}`);
    await delay(2);
  }
}
