import { globSync } from 'node:fs';
import { chromiumPath } from './chromium.ts';

/** A kind of test that this machine can't run, why, and the suites that are left out by it. */
export interface Missing {
  project: string;
  reason: string;
  suites: string[];
}

type Need = 'kafka' | 'redis' | 'python' | 'chromium' | 'psql';
interface Kind {
  project: string;
  files: RegExp;
  needs: readonly Need[];
}

/** What each kind needs beside Postgres, which npm brings. The others need nothing. */
const KINDS: readonly Kind[] = [
  { project: 'kafka', files: /^(?!e2e\/).*\.kafka\.spec\.ts$/, needs: ['kafka'] },
  { project: 'redis', files: /\.redis\.spec\.ts$/, needs: ['redis'] },
  { project: 'python', files: /\.python\.spec\.ts$/, needs: ['python'] },
  { project: 'e2e', files: /\.e2e\.spec\.ts$/, needs: ['psql'] },
  { project: 'cluster', files: /^e2e\/.*\.kafka\.spec\.ts$/, needs: ['kafka', 'redis', 'psql'] },
  { project: 'browser', files: /\.browser\.spec\.ts$/, needs: ['chromium'] },
];

/** Asks for each need once; the built code is asked, since it is what the suites use. */
export async function unavailable(root: string, specs: readonly string[]): Promise<Missing[]> {
  const present = KINDS.map((kind) => ({ ...kind, suites: specs.filter((file) => kind.files.test(file)) })).filter(({ suites }) => suites.length > 0);
  const needs = new Set(present.flatMap(({ needs: needed }) => needed));
  const reasons = new Map(await Promise.all([...needs].map(async (need) => [need, await reasonAgainst(need, root)] as const)));
  return present.flatMap(({ project, suites, needs: needed }) => {
    const against = needed.map((need) => reasons.get(need)).filter((reason) => reason !== undefined);
    return against.length === 0 ? [] : [{ project, suites, reason: against.join('; ') }];
  });
}

async function reasonAgainst(need: Need, root: string): Promise<string | undefined> {
  if (need === 'chromium') return chromiumPath() === undefined ? 'the browser tests need Chromium or Chrome on the PATH, or CHROMIUM_PATH' : undefined;
  if (need === 'psql') {
    const { runs } = await import('../../libs/testing/availability.ts');
    const present = await Promise.all(['psql', 'pgbench'].map((program) => runs(program, ['--version'])));
    return present.every(Boolean) ? undefined : 'the end-to-end tests need psql and pgbench on the PATH';
  }
  if (need === 'python') {
    const { resolvePython } = await import('../../libs/testing/python.ts');
    return (await resolvePython(root)).reason;
  }
  if (need === 'redis') {
    const { resolveRedis } = await import('../../libs/testing/redis-server.ts');
    return (await resolveRedis()).reason;
  }
  const { resolveKafka } = await import('../../libs/testing/kafka-server.ts');
  return (await resolveKafka(root)).reason;
}

/** Paths of the specs that the patterns pick, as Jest does; options among the patterns are left to it. */
export function specsMatching(root: string, patterns: readonly string[]): string[] {
  const specs = globSync('{contracts,libs,services,e2e,scripts,deploy}/**/*.spec.ts', {
    cwd: root,
    // Spark takes minutes: `npm run test:outside`.
    exclude: (name) => name.endsWith('node_modules') || name.includes('import-rules') || name.endsWith('.outside.spec.ts'),
  });
  const wanted = patterns.filter((pattern) => !pattern.startsWith('-')).map((pattern) => new RegExp(pattern, 'i'));
  return specs.filter((file) => wanted.length === 0 || wanted.some((pattern) => pattern.test(file)));
}
