import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SERVICES } from './cluster-environment.ts';
import { serviceCommand } from './service-command.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const entryPoint = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8'))?.[1] ?? '[]') as string[];

/** `command: [a, b]` of a service in docker-compose.yml. */
function composedCommand(service: string): string[] {
  const block = new RegExp(`^  ${service}:\\n((?:    .*\\n|\\n)*)`, 'm').exec(compose)?.[1] ?? '';
  return /^ {4}command: \[(.*)\]$/m.exec(block)?.[1]?.split(', ') ?? [];
}

/** Order of flags says nothing, and what only quiets the log is the image's. */
function flags(args: readonly string[]): string[] {
  return args.filter((arg) => !arg.startsWith('--disable-warning=')).toSorted();
}

describe('a service in a container', () => {
  it.each(SERVICES)('%s runs as npm run does, with the same flags of V8', (service) => {
    const [, ...args] = serviceCommand(ROOT, service);
    expect(flags([...entryPoint.slice(1), ...composedCommand(service)])).toEqual(flags(args));
  });
});
