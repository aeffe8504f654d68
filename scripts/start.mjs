// `npm start`: installs what is missing, builds what changed, and starts the embedded default (services/embedded) under the project's Node.
import { parseArgs } from 'node:util';
import { ROOT, build, fail, goOn, install, requireNode } from './lib/steps.mjs';

const HELP = `npm start [-- options]

Starts Lakeloop in one process: PostgreSQL, change log, jobs, sign-in, all services and the console, with demo data on the first start.

  --port <n>    port of everything HTTP (default 8080, or LAKELOOP_PORT)
  --reset       throw the data away first and start anew
  --help        this text

Data lives in .lakeloop/ (or LAKELOOP_DATA). Ctrl-C stops it; the next start goes on where it was.`;

function options() {
  try {
    return parseArgs({ options: { port: { type: 'string' }, reset: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    return fail(`${error.message.split('. ')[0]}. See npm start -- --help`);
  }
}

requireNode();
const { port, reset, help } = options();
if (help) {
  console.log(HELP);
  process.exit(0);
}
if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
  fail(`--port ${port} is not a port: give a number from 1 to 65535, such as --port 8090`);

process.chdir(ROOT);
console.log('Lakeloop');
await install();
await build();
process.exitCode = await goOn(
  ['-C', 'dist', '--disable-warning=TimeoutNegativeWarning', 'dist/services/embedded/src/main.js', ...(reset ? ['--reset'] : [])],
  port === undefined ? {} : { LAKELOOP_PORT: port },
);
