/**
 * Who may import whom: one named rule for each row of the table in docs/architecture.md, the row's sentence as its comment.
 * Each rule has at least one file in fixtures/ that breaks it; check.ts demands exactly those violations, so a rule that stopped biting fails the build.
 */
import type { IForbiddenRuleType } from 'dependency-cruiser';

/** Specs, and what exists only for them: fixtures, conformance suites, harnesses, benchmarks. */
const SPEC = String.raw`\.(spec|fixture|suite|conformance)\.tsx?$|(^|/)(conformance|bench)/|^services/[^/]+/src/testing/`;
/** Everything in this repository; what npm brings lies in node_modules. */
const OURS = '^(contracts|libs|services|e2e|deploy|scripts)/';
/** Files whose name says their role: they translate between a technology and the feature. */
const ROLE = String.raw`\.(module|controller|consumer|job|repository|guard|filter|interceptor|middleware|lifecycle|worker|adapter)\.ts$`;

/** Where decisions live: parsers, compilers, state machines, encodings, models. Effects are beside them, in files of another folder or with a role's name. */
const PURE = [
  '^services/write/src/rows/(query|compile)/',
  String.raw`^services/write/src/rows/(api-error|body|csv)\.ts$`,
  String.raw`^services/write/src/catalogue/(catalogue|relation|relationship|routine|media-handlers|nearest-name|build-relationships|view-definition|view-columns)\.ts$`,
  '^services/workflow/src/(classifier|cases)/',
  '^services/workflow/src/flows/planning/(model|schedule|tables)/',
  '^services/cdc/src/change/',
  '^services/notification/src/stitch/',
];
const TECHNOLOGY = [
  String.raw`(^|/)node_modules/(pg|bullmq|kafkajs|ioredis|fastify|pino|typeorm|undici|@nestjs|@fastify|@platformatic)/`,
  '^(node:)?(fs|net|http|https|tls|child_process|worker_threads|sqlite|dgram|fs/promises)$',
];

/** A row of the form "<from> may import <allowed> and itself", of our own code only. */
function row(name: string, comment: string, from: string, allowed: string[]): IForbiddenRuleType {
  return { name, comment, severity: 'error', from: { path: from, pathNot: SPEC }, to: { path: OURS, pathNot: allowed } };
}

const LIBS: IForbiddenRuleType[] = [
  {
    name: 'contracts-import-only-the-schema-library',
    comment: 'contracts may import the schema library (zod) and nothing else.',
    severity: 'error',
    from: { path: '^contracts/', pathNot: SPEC },
    to: { pathNot: ['^contracts/', '(^|/)node_modules/zod/'] },
  },
  row('pgoutput-and-failure-import-nothing-of-ours', 'pgoutput and failure may import nothing of ours.', '^libs/(pgoutput|failure)/', ['^libs/$1/']),
  {
    name: 'pgoutput-is-pure',
    comment: 'pgoutput is pure: no socket, no logger, no framework; it imports no package, and of Node only Buffer.',
    severity: 'error',
    from: { path: '^libs/pgoutput/', pathNot: SPEC },
    to: { pathNot: ['^libs/', '^(node:)?buffer$'] },
  },
  row('runtime-imports-failure', 'runtime may import failure.', '^libs/runtime/', ['^libs/(runtime|failure)/']),
  row('postgres-imports-runtime-failure-pgoutput', 'postgres may import runtime, failure and pgoutput, not contracts.', '^libs/postgres/', [
    '^libs/(postgres|runtime|failure|pgoutput)/',
  ]),
  row(
    'ports-import-runtime-and-failure',
    'changelog, jobs and lakehouse may import runtime and failure, not contracts: schemas arrive as values.',
    '^libs/(changelog|jobs|lakehouse)/',
    ['^libs/($1|runtime|failure)/'],
  ),
  row('governance-imports-postgres-runtime-failure', 'governance may import postgres, runtime and failure.', '^libs/governance/', [
    '^libs/(governance|postgres|runtime|failure)/',
  ]),
  row('client-imports-contracts', 'client may import contracts.', '^libs/client/', ['^libs/client/', '^contracts/']),
  row('testing-imports-libs', 'testing may import any lib.', '^libs/testing/', ['^libs/', '^contracts/', '^deploy/local/']),
  {
    name: 'only-specs-and-e2e-import-testing',
    comment: 'testing is imported only by specs, what serves them, and e2e.',
    severity: 'error',
    from: { pathNot: [SPEC, '^e2e/', '^libs/testing/', '^scripts/test/'] },
    to: { path: '^libs/testing/' },
  },
];

const SERVICES: IForbiddenRuleType[] = [
  {
    name: 'pure-files-import-their-feature-contracts-failure-pgoutput',
    comment: "A feature's pure file may import pure files of its service, contracts, failure and pgoutput (and the rules of SQL names).",
    severity: 'error',
    from: { path: PURE, pathNot: SPEC },
    to: { path: OURS, pathNot: [...PURE, '^contracts/', '^libs/(failure|pgoutput)/', String.raw`^libs/postgres/identifiers\.ts$`] },
  },
  {
    name: 'pure-files-reach-no-technology',
    comment: "A feature's pure file reaches no framework, driver, file or socket, not even through what it imports.",
    severity: 'error',
    from: { path: PURE, pathNot: SPEC },
    to: { path: TECHNOLOGY, reachable: true },
  },
  {
    name: 'service-files-import-their-service-libs-contracts',
    comment: "A feature's adapter or role file may import its feature, libs and contracts.",
    severity: 'error',
    from: { path: '^services/' },
    to: { path: '^(e2e|deploy|scripts)/' },
  },
  {
    name: 'features-meet-at-ports',
    comment:
      "A feature may import another feature's port file only: a file at the root of that feature's folder or a pure one, never its adapters or role files.",
    severity: 'error',
    from: { path: '^services/([^/]+)/src/([^/]+)/', pathNot: SPEC },
    to: { path: ['^services/$1/src/[^/]+/.+/', `^services/$1/src/[^/]+/.*${ROLE}`], pathNot: ['^services/$1/src/$2/', ...PURE] },
  },
  {
    name: 'features-form-no-cycle',
    comment: 'Features of a service form no cycle.',
    severity: 'error',
    scope: 'folder',
    from: { path: '^services/[^/]+/src/[^/]+$' },
    to: { circular: true },
  },
  {
    name: 'services-never-import-services',
    comment: 'A service never imports another service, not even its types (embedded may import an app.module).',
    severity: 'error',
    from: { path: '^services/([^/]+)/', pathNot: '^services/embedded/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'embedded-imports-app-modules',
    comment: "embedded may import other services' app.module, and nothing else of theirs.",
    severity: 'error',
    from: { path: '^services/embedded/' },
    to: { path: '^services/', pathNot: ['^services/embedded/', String.raw`^services/[^/]+/src/app\.module\.ts$`] },
  },
  {
    name: 'e2e-imports-contracts-client-testing',
    comment: 'e2e may import contracts, client and testing, and deploy/local, whose cluster it drives.',
    severity: 'error',
    from: { path: '^e2e/' },
    to: { path: OURS, pathNot: ['^e2e/', '^contracts/', '^libs/(client|testing)/', '^deploy/local/'] },
  },
];

const SHAPE: IForbiddenRuleType[] = [
  { name: 'no-cycle', comment: 'Files form no cycle.', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'no-barrel',
    comment: 'No index.ts: import the file that holds the thing.',
    severity: 'error',
    from: {},
    to: { path: String.raw`${OURS}.*(^|/)index\.tsx?$` },
  },
  { name: 'resolvable', comment: 'Every import resolves.', severity: 'error', from: {}, to: { couldNotResolve: true } },
  {
    name: 'scripts-and-deploy-are-imported-by-nobody-else',
    comment: 'scripts and deploy are entry points: libs and contracts never import them.',
    severity: 'error',
    from: { path: '^(libs|contracts)/', pathNot: '^libs/testing/' },
    to: { path: '^(scripts|deploy|e2e|services)/' },
  },
];

export const RULES: IForbiddenRuleType[] = [...LIBS, ...SERVICES, ...SHAPE];
