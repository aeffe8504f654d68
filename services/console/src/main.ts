import { main } from '#libs/runtime/http/main';
import { runService } from '#libs/runtime/http/run-service';
import { ConsoleModule } from './app.module.ts';
import { consoleSettings } from './console-config.ts';

await main('console', async (runtime, environment) => {
  const { port, config } = consoleSettings(environment);
  await runService({ runtime, port, module: ConsoleModule.register({ config, runtime }) });
});
