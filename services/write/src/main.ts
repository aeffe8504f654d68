import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { type Environment, loadConfig } from '#libs/runtime/config';
import { WriteModule } from './app.module.ts';
import { requireIdentity, type WriteSettings, writeSettings } from './write-settings.ts';

await main('write', async (runtime, environment) => {
  const settings = loadConfig(writeSettings, environment);
  requireIdentity(settings);
  const lakehouse = await lakehouseOf(environment, settings, runtime);
  const module = WriteModule.register({
    config: settings,
    connectionString: settings.DATABASE_URL,
    ...(settings.ADMIN_DATABASE_URL === undefined ? {} : { adminUrl: settings.ADMIN_DATABASE_URL }),
    verifier: verifierFor(settings),
    runtime,
    ...(lakehouse ? { lakehouse } : {}),
  });
  await runService({ runtime, port: settings.WRITE_PORT, module, bodyLimit: settings.WRITE_MAX_BODY_BYTES });
});

/** The engine is loaded only where it is wanted. */
async function lakehouseOf(
  environment: Environment,
  { LAKEHOUSE_DIRECTORY: root }: WriteSettings,
  { logger, lifecycles }: ServiceRuntime,
): Promise<Lakehouse | undefined> {
  if (root === undefined && !environment['DATABRICKS_HOST']) return undefined;
  const { openLakehouse } = await import('#libs/lakehouse/open-lakehouse');
  const opened = await openLakehouse(environment, { root: root ?? '', logger });
  await lifecycles.run([{ name: 'lakehouse', run: async () => undefined, drain: async () => undefined, stop: () => opened.close() }]);
  return opened.lakehouse;
}

function verifierFor({
  OIDC_ISSUER: issuer,
  OIDC_AUDIENCE: audience,
  JWT_JWKS: jwks,
  JWT_ROLE_CLAIM: roleClaim,
  JWT_LENIENT,
  REST_ANON_ROLE: role,
}: WriteSettings): TokenVerifier | null {
  if (!issuer && !jwks) return null;
  return TokenVerifier.create({
    roleClaim,
    ...(JWT_LENIENT ? { lenient: { role } } : {}),
    ...(issuer ? { issuer } : {}),
    ...(audience ? { audience } : {}),
    ...(jwks ? { jwks } : {}),
  });
}
