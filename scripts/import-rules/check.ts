/** Checks the repository against the import rules, then that each rule bites on its fixture. Exit code 1 and one line for each problem otherwise. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { RULES } from './rules.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FIXTURES = join(import.meta.dirname, 'fixtures');
const FOLDERS = ['contracts', 'libs', 'services', 'e2e', 'scripts', 'deploy'];

/** Rules about folders report the folder, not the file. */
const FOLDER_RULES = new Set(RULES.filter((rule) => 'scope' in rule && rule.scope === 'folder').map(({ name }) => name ?? ''));

interface Violation {
  rule: string;
  from: string;
  to: string;
}

async function violations(baseDir: string, exclude: string): Promise<{ found: Violation[]; modules: string[] }> {
  process.chdir(baseDir);
  const { output } = await cruise(
    FOLDERS.filter((folder) => existsSync(folder)),
    {
      baseDir,
      validate: true,
      ruleSet: { forbidden: RULES },
      parser: 'swc',
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: exclude },
    },
    { conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'], extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.d.ts'] },
  );
  const result = output as ICruiseResult;
  const found = result.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
  return { found, modules: result.modules.map(({ source }) => source).filter((source) => !source.includes('node_modules')) };
}

/** A fixture names the rules it breaks in comments `// breaks: <rule>`; the other fixtures are what it imports. */
function expected(modules: readonly string[]): string[] {
  return modules.flatMap((module) => {
    const text = module.endsWith('.ts') && existsSync(join(FIXTURES, module)) ? readFileSync(join(FIXTURES, module), 'utf8') : '';
    return [...text.matchAll(/^\/\/ breaks: (\S+)$/gm)].map(([, rule = '']) => `${rule}: ${FOLDER_RULES.has(rule) ? dirname(module) : module}`);
  });
}

function comments(): Map<string, string> {
  return new Map(RULES.map(({ name, comment }) => [name ?? '', comment ?? '']));
}

async function checkFixtures(): Promise<string[]> {
  const { found, modules } = await violations(FIXTURES, 'node_modules');
  const wanted = new Set(expected(modules));
  const got = new Set(found.map(({ rule, from }) => `${rule}: ${from}`));
  const without = RULES.filter(({ name }) => ![...wanted].some((line) => line.startsWith(`${name}:`)));
  return [
    ...[...wanted].filter((line) => !got.has(line)).map((line) => `fixture: the rule does not bite: ${line}`),
    ...[...got].filter((line) => !wanted.has(line)).map((line) => `fixture: unexpected violation: ${line}`),
    ...without.map(({ name }) => `fixture: no fixture breaks ${name}`),
  ];
}

async function checkRepository(): Promise<string[]> {
  const sentences = comments();
  const { found, modules } = await violations(ROOT, '(^|/)(dist|fixtures)/|^services/console/web/dist/');
  const lines = found.map(({ rule, from, to }) => `${from} → ${to}: ${sentences.get(rule)} [${rule}]`);
  return modules.length === 0 ? ['no module found: the check is broken'] : [...new Set(lines)].toSorted();
}

const problems = [...(await checkRepository()), ...(await checkFixtures())];
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? `${RULES.length} rules hold, and each bites on its fixture` : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
