import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { IdentityModule } from './app.module.ts';
import { identitySettings } from './identity-config.ts';

await main('identity', async (runtime, environment) => {
  const { port, host, config } = identitySettings(environment);
  await runService({ runtime, port, host, module: IdentityModule.register({ config, runtime }) });
});
