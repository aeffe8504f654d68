import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** By then a service has compiled what it needs to work. */
const WRITE_AFTER_MS = 10_000;

/**
 * Keeps what V8 compiles of the modules that are loaded from now on, in dist/.compiled: beside the code, so that only those who may write the one may write the
 * other. Where that can't be written, nothing is kept. It is written down while the process runs, since one that is killed has no last moment.
 */
export function keepCompiled(): void {
  enableCompileCache(fileURLToPath(new URL('../../.compiled', import.meta.url)));
  setTimeout(() => flushCompileCache(), WRITE_AFTER_MS).unref();
}
