import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { kafkaSecurity } from '#libs/changelog/kafka/security';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { createPool } from '#libs/postgres/pool';
import { loadConfig } from '#libs/runtime/config';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { NotificationModule } from './app.module.ts';
import { notificationConfig } from './notification-config.ts';
import { processSettings, requireIdentity } from './process-settings.ts';

await main('notification', async (runtime, environment) => {
  const settings = loadConfig(processSettings, environment);
  requireIdentity(settings);
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, JWT_JWKS: jwks, JWT_ROLE_CLAIM: roleClaim, DATABASE_URL: connectionString } = settings;
  const pool = createPool({ connectionString, name: 'lakeloop-notification', max: settings.DB_POOL_MAX, logger: runtime.logger });
  const changeLog = KafkaChangeLog.connect({
    brokers: settings.KAFKA_BROKERS,
    clientId: 'lakeloop-notification',
    logger: runtime.logger,
    security: kafkaSecurity(environment),
  });
  const verifier =
    issuer || jwks ? TokenVerifier.create({ roleClaim, ...(issuer ? { issuer } : {}), ...(audience ? { audience } : {}), ...(jwks ? { jwks } : {}) }) : null;
  const config = notificationConfig(environment, connectionString);
  const module = NotificationModule.register({ config, changeLog, pool, verifier, runtime, topicPrefix: settings.CDC_TOPIC_PREFIX });
  await runtime.lifecycles.run([
    {
      name: 'connections',
      run: async () => undefined,
      drain: async () => undefined,
      stop: async () => {
        await changeLog.close();
        await pool.end();
      },
    },
  ]);
  await runService({ runtime, port: settings.NOTIFICATION_PORT, module });
});
