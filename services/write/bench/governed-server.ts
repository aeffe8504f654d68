import { TokenVerifier } from '#libs/governance/token-verifier';
import { loadConfig } from '#libs/runtime/config';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { WriteModule } from '../src/app.module.ts';
import { writeSettings } from '../src/write-settings.ts';

/** The write service as main.ts runs it, on a port of the system's choice. */
const settings = loadConfig(writeSettings, process.env);
const runtime = createServiceRuntime('write', process.env);
const verifier = TokenVerifier.create(settings.JWT_JWKS ? { jwks: settings.JWT_JWKS } : {});
const app = await createHttpApp({ runtime, module: WriteModule.register({ config: settings, connectionString: settings.DATABASE_URL, verifier, runtime }) });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
for (let ready = false; !ready;) ready = (await fetch(`${url}/health/ready`)).ok;
process.send?.(url);
