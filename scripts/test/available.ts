import { globSync } from 'node:fs';
import { chromiumPath } from './chromium.ts';

/** A kind of test that this machine can't run, why, and the suites that are left out by it. */
export interface Missing {
  project: string;
  reason: string;
  suites: string[];
}

/** What each kind needs beside Postgres, which npm brings. */
const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  kafka: ['kafka'],
  redis: ['redis'],
  e2e: ['kafka', 'redis'],
  browser: ['chromium'],
};
type Need = 'kafka' | 'redis' | 'chromium';

/** Asks for each need once; the built code is asked, since it is what the suites use. */
export async function unavailable(root: string, patterns: readonly string[]): Promise<Missing[]> {
  const wanted = Object.keys(NEEDS).map((project) => ({ project, suites: suitesOf(root, project, patterns) }));
  const present = wanted.filter(({ suites }) => suites.length > 0);
  const needs = new Set(present.flatMap(({ project }) => NEEDS[project] ?? []));
  const reasons = new Map(await Promise.all([...needs].map(async (need) => [need, await reasonAgainst(need, root)] as const)));
  return present.flatMap(({ project, suites }) => {
    const against = (NEEDS[project] ?? []).map((need) => reasons.get(need)).filter((reason) => reason !== undefined);
    return against.length === 0 ? [] : [{ project, suites, reason: against.join('; ') }];
  });
}

async function reasonAgainst(need: Need, root: string): Promise<string | undefined> {
  if (need === 'chromium') return chromiumPath() === undefined ? 'the browser tests need Chromium or Chrome on the PATH, or CHROMIUM_PATH' : undefined;
  if (need === 'redis') {
    const { resolveRedis } = await import('../../libs/testing/redis-server.ts');
    return (await resolveRedis()).reason;
  }
  const { resolveKafka } = await import('../../libs/testing/kafka-server.ts');
  return (await resolveKafka(root)).reason;
}

function suitesOf(root: string, project: string, patterns: readonly string[]): string[] {
  const files = globSync(`{contracts,libs,services,e2e,scripts,deploy}/**/*.${project}.spec.ts`, { cwd: root, exclude: (name) => name === 'node_modules' });
  return files.filter((file) => patterns.length === 0 || patterns.some((pattern) => !pattern.startsWith('-') && new RegExp(pattern, 'i').test(file)));
}
