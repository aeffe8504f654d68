import { hostname } from 'node:os';
import { join } from 'node:path';
import { openChangeLog } from '#libs/changelog/open-change-log';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { openLakehouse } from '#libs/lakehouse/open-lakehouse';
import { createPool } from '#libs/postgres/pool';
import { loadConfig } from '#libs/runtime/config';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { LakehouseModule } from './app.module.ts';
import { lakehouseConfig } from './lakehouse-config.ts';
import { processSettings } from './process-settings.ts';

await main('lakehouse', async (runtime, environment) => {
  const settings = loadConfig(processSettings, environment);
  const { logger } = runtime;
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, JWT_ROLE_CLAIM: roleClaim, LAKEHOUSE_DIRECTORY: root, CDC_TOPIC_PREFIX: topicPrefix } = settings;
  const changeLog = await openChangeLog(environment, { clientId: 'lakeloop-lakehouse', fences: () => false, logger });
  const opened = await openLakehouse(environment, { root, logger });
  const { lakehouse } = opened;
  const pool = settings.DATABASE_URL === undefined ? null : createPool({ connectionString: settings.DATABASE_URL, name: 'lakeloop-lakehouse', max: 4, logger });
  const stagingDirectory = settings.LAKEHOUSE_STAGING_DIRECTORY ?? join(root, '.staging', `${hostname()}~${settings.LAKEHOUSE_PORT}`);
  const config = lakehouseConfig(environment, { topicPrefix, stagingDirectory, dialect: lakehouse.dialect });
  const verifier = issuer ? TokenVerifier.create({ roleClaim, issuer, ...(audience ? { audience } : {}) }) : null;
  const close = async (): Promise<void> => {
    await changeLog.close();
    await opened.close();
    await pool?.end();
  };
  await runtime.lifecycles.run([{ name: 'connections', run: async () => undefined, drain: async () => undefined, stop: close }]);
  const adminUrl = settings.ADMIN_DATABASE_URL;
  const module = LakehouseModule.register({ config, changeLog, lakehouse, pool, verifier, runtime, ...(adminUrl ? { adminUrl } : {}) });
  await runService({ runtime, port: settings.LAKEHOUSE_PORT, module });
});
