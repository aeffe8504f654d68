import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';

/** A log larger than this at the start becomes `lakeloop.log.1`, bytes. */
const ROTATE_ABOVE = 20 * 1024 * 1024;
/** pino's number for `warn`. */
const WARN = 40;

/** Log lines go to `logs/lakeloop.log`; warnings and errors also to the terminal, one short line each, so that it stays readable. */
export async function openLog(dataDirectory: string): Promise<Writable> {
  const directory = join(dataDirectory, 'logs');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lakeloop.log');
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > ROTATE_ABOVE) await rename(path, `${path}.1`);
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk stops the log, not the service.
  file.on('error', () => undefined);
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      file.write(chunk);
      const line = shortLine(chunk);
      if (line !== undefined) process.stderr.write(line);
      done();
    },
    final(done) {
      file.end(done);
    },
  });
}

/** The line as a person reads it; undefined below `warn`. */
export function shortLine(json: string): string | undefined {
  try {
    const { level, service, component, msg, err, hint } = JSON.parse(json) as Record<string, unknown> & { level: number; err?: { message?: string } };
    if (level < WARN) return undefined;
    const cause = typeof err?.message === 'string' && err.message !== msg ? `: ${err.message}` : '';
    return `${level > WARN ? 'error' : 'warning'} [${[service, component].filter(Boolean).join('/')}] ${String(msg)}${cause}${typeof hint === 'string' ? ` ${hint}` : ''}\n`;
  } catch {
    return undefined;
  }
}
