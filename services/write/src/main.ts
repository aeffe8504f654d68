import { TokenVerifier } from '#libs/governance/token-verifier';
import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { loadConfig } from '#libs/runtime/config';
import { WriteModule } from './app.module.ts';
import { requireIdentity, type WriteSettings, writeSettings } from './write-settings.ts';

await main('write', async (runtime, environment) => {
  const settings = loadConfig(writeSettings, environment);
  requireIdentity(settings);
  const module = WriteModule.register({ config: settings, connectionString: settings.DATABASE_URL, verifier: verifierFor(settings), runtime });
  await runService({ runtime, port: settings.WRITE_PORT, module, bodyLimit: settings.WRITE_MAX_BODY_BYTES });
});

function verifierFor({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, JWT_JWKS: jwks, JWT_ROLE_CLAIM: roleClaim }: WriteSettings): TokenVerifier | null {
  if (!issuer && !jwks) return null;
  return TokenVerifier.create({ roleClaim, ...(issuer ? { issuer } : {}), ...(audience ? { audience } : {}), ...(jwks ? { jwks } : {}) });
}
